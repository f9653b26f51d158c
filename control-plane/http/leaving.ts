import type { Server, ServerResponse } from "node:http";
import type { serve } from "@hono/node-server";

type Fetch = Parameters<typeof serve>[0]["fetch"];

/** What tells those who ask that this process will end soon. */
export interface Leaving {
  /** Answers as the services do, but for the health of one that leaves: 503, so that whoever balances asks another. */
  fetch: Fetch;
  /** From now on. Whoever keeps a connection is told by each answer to ask for another one. */
  begin(server: Server): void;
}

export function createLeaving(fetch: Fetch): Leaving {
  let leaves = false;
  return {
    fetch: (request, env) => (leaves ? (health(request) ?? fetch(request, env)) : fetch(request, env)),
    begin(server) {
      leaves = true;
      // Node says `Connection: close` then, and closes behind the answer: nobody sends into a connection that ends.
      server.prependListener("request", (_, response: ServerResponse) => {
        response.shouldKeepAlive = false;
      });
    },
  };
}

function health(request: Request): Response | undefined {
  const found = /^(?:\/([a-z]+))?\/health(?:\/(?:database|own))?$/.exec(new URL(request.url).pathname);
  if (!found) return undefined;
  return Response.json({ service: found[1] ?? "berth", status: "stopping", checks: {} }, { status: 503 });
}
