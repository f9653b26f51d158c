import { z } from "@hono/zod-openapi";
import { json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { feedEntry } from "../feed.ts";
import { readFeed } from "../read-feed.ts";
import { callerContext, type InstanceRouteDeps } from "./deps.ts";

/** Key that is fired for every new entry. */
export const feedSignal = "feed";

const feed = route(
  { who: "service" },
  {
    method: "get",
    path: "/instance/v1/feed",
    tags: ["between services"],
    summary: "What happened to stacks and operations, in order",
    request: {
      query: z.object({
        after: z.coerce
          .number()
          .int()
          .min(0)
          .default(0)
          .meta({ description: "`seq` of the last entry seen." }),
        limit: z.coerce.number().int().min(1).max(500).default(100),
        wait: z.coerce
          .number()
          .min(0)
          .max(30)
          .default(0)
          .meta({ description: "Seconds to wait for the first entry." }),
      }),
    },
    responses: withProblems(
      {
        200: json("Entries, oldest first; none when the time is up", z.object({ items: z.array(feedEntry) })),
      },
      "validation_failed",
    ),
  },
);

export function addFeedRoutes(app: ServiceApp, deps: InstanceRouteDeps) {
  return app.openapi(feed, async (c) => {
    const { after, limit, wait } = c.req.valid("query");
    const ctx = callerContext(deps, c);
    const subscription = deps.signals.subscribe(feedSignal);
    try {
      let items = await readFeed(ctx.db, { after, limit });
      if (items.length === 0 && wait > 0 && (await subscription.next(wait * 1000, c.req.raw.signal))) {
        items = await readFeed(ctx.db, { after, limit });
      }
      return c.json({ items }, 200);
    } finally {
      subscription.close();
    }
  });
}
