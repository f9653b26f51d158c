import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** A request of the load. `id` is sent as X-Request-Id, under which the service's log has it. */
export interface Asked {
  id: string;
  method: string;
  path: string;
  /** Of a write: sent with its Idempotency-Key, which is the id. */
  body?: unknown;
}

export interface Outcome extends Asked {
  /** Of a whole answer. */
  status?: number;
  text?: string;
  /** Whether an answer began and did not end. */
  isHalf: boolean;
  /** Why there is no whole answer. */
  error?: string;
}

export interface LoadOptions {
  port: number;
  /** Sent as the host's name, for Traefik. */
  host?: string;
  key: string;
  /** Clients at a time, each on a connection of its own that it keeps as long as it may. */
  clients: number;
  /** The next request of a client; undefined when it has no more. */
  next(client: number, count: number): Asked | undefined;
  /** Milliseconds that a client waits between two of them. */
  pauseMs(client: number): number;
}

/** Asks until nobody answers any more: each client ends when it cannot connect. Gives what came of every request. */
export function startLoad(options: LoadOptions) {
  const outcomes: Outcome[] = [];
  const underWay = new Set<string>();
  let stopped = false;
  const client = async (number: number) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let count = 0; !stopped; count += 1) {
      const asked = options.next(number, count);
      if (!asked) break;
      underWay.add(asked.id);
      const outcome = await send(options, agent, asked);
      underWay.delete(asked.id);
      outcomes.push(outcome);
      if (outcome.error === "ECONNREFUSED") break;
      const pause = options.pauseMs(number);
      if (pause > 0) await delay(pause);
    }
    agent.destroy();
  };
  const clients = Array.from({ length: options.clients }, (_, number) => client(number));
  return {
    outcomes,
    /** Ids of what was sent and has no end yet. */
    underWay,
    /** Resolves when every client has ended. */
    ended: Promise.all(clients),
    stop() {
      stopped = true;
    },
  };
}

/** Sends one request, never twice, and tells what came of it. */
export function send(
  { port, host, key }: Pick<LoadOptions, "port" | "host" | "key">,
  agent: Agent | undefined,
  asked: Asked,
): Promise<Outcome> {
  const payload = asked.body === undefined ? undefined : JSON.stringify(asked.body);
  return new Promise((resolve) => {
    let text = "";
    let status: number | undefined;
    const end = (error?: string) => {
      if (error === undefined) resolve({ ...asked, status, text, isHalf: false } as Outcome);
      else resolve({ ...asked, isHalf: status !== undefined, error });
    };
    const call = request({
      host: "127.0.0.1",
      port,
      path: asked.path,
      method: asked.method,
      ...(agent ? { agent } : {}),
      headers: {
        authorization: `Bearer ${key}`,
        "x-request-id": asked.id,
        ...(host === undefined ? {} : { host }),
        ...(payload === undefined
          ? {}
          : {
              "content-type": "application/json",
              "content-length": Buffer.byteLength(payload),
              "idempotency-key": asked.id,
            }),
      },
    });
    call.once("response", (response) => {
      status = response.statusCode;
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.once("end", () => end());
      response.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    });
    call.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    call.end(payload);
  });
}
