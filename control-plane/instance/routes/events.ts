import { z } from "@hono/zod-openapi";
import { streamSSE } from "hono/streaming";
import { invalid } from "../../errors.ts";
import { withProblems } from "../../http/responses.ts";
import { admitAgain, route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { readEvents } from "../read-events.ts";
import { callerContext, type InstanceRouteDeps } from "./deps.ts";
import { operationIdParam } from "./operation-schema.ts";
import { untilKnown } from "./until-known.ts";

const streamedEvent = z
  .object({
    id: z.string().meta({ example: "1" }),
    event: z.string().meta({ example: "queued" }),
    data: z.string().meta({ description: "JSON." }),
  })
  .openapi("StreamedEvent");

const events = route(
  { who: "role", role: "viewer" },
  {
    method: "get",
    path: "/instance/v1/operations/{id}/events",
    tags: ["operations"],
    summary: "What happens in an operation, as it happens",
    description:
      "Server-sent events: `id` counts from 1, `event` is queued, started, resumed, step, log, cancel_requested, succeeded, failed or cancelled, `data` is JSON. The stream ends with the operation. `Last-Event-ID` resumes it; 204 says that nothing will follow.",
    request: {
      params: operationIdParam,
      headers: z.object({ "last-event-id": z.string().optional() }),
    },
    responses: withProblems(
      {
        200: {
          description: "The stream; the schema is that of one event",
          content: { "text/event-stream": { schema: streamedEvent } },
        },
        204: { description: "The operation has ended and its last event was seen" },
      },
      "not_found",
      "validation_failed",
    ),
  },
);

export function addEventRoutes(app: ServiceApp, deps: InstanceRouteDeps) {
  return app.openapi(events, async (c) => {
    const { id } = c.req.valid("param");
    const { signals, heartbeatMs } = deps;
    const ctx = callerContext(deps, c);
    let after = parseLastEventId(c.req.header("last-event-id"));
    const subscription = signals.subscribe(id);
    const first = await untilKnown(signals, id, () => readEvents(ctx.db, id, after)).catch((error) => {
      subscription.close();
      throw error;
    });
    if (first.ended && first.events.length === 0) {
      subscription.close();
      return c.body(null, 204);
    }
    // Proxies that buffer would hold the events back.
    c.header("X-Accel-Buffering", "no");
    return streamSSE(
      c,
      async (stream) => {
        const gone = new AbortController();
        stream.onAbort(() => gone.abort());
        try {
          for (let { events: news, ended } = first; ; ) {
            for (const { number, type, data, at } of news) {
              await stream.writeSSE({
                id: String(number),
                event: type,
                data: JSON.stringify({ at, ...data }),
              });
              after = number;
            }
            // Whoever follows comes back with Last-Event-ID.
            if (ended || gone.signal.aborted || signals.ended) return;
            const fired = await subscription.next(heartbeatMs, gone.signal);
            if (!fired && !gone.signal.aborted) await stream.write(": still here\n\n");
            // Who was let in may have been shut out since.
            await admitAgain(c);
            ({ events: news, ended } = await readEvents(callerContext(deps, c).db, id, after));
          }
        } finally {
          subscription.close();
        }
      },
      async (error) => {
        // The stream breaks off; whoever follows it comes back with Last-Event-ID.
        c.get("log").warn({ err: error, operationId: id }, "event stream broke off");
      },
    );
  });
}

function parseLastEventId(value: string | undefined): number {
  if (value === undefined || value === "") return 0;
  if (!/^\d{1,9}$/.test(value)) throw invalid("Last-Event-ID", "is not the id of an event of this stream");
  return Number(value);
}
