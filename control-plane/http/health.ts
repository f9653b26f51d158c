import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { HttpEnv } from "./context.ts";
import { type Check, checkResult, type Found, lookAll, lookAround, type Neighbour } from "./look.ts";
import { route } from "./route.ts";

const health = z
  .object({
    service: z.string(),
    status: z.enum(["ok", "degraded", "stopping"]),
    checks: z.record(z.string(), checkResult),
  })
  .openapi("Health");

/** What a service looks at when it is asked how it is. */
export interface Checks {
  /** What it needs itself. */
  own: { database: Check } & Record<string, Check>;
  /** The other services, by name. */
  neighbours: Record<string, Neighbour>;
}

/**
 * `/<service>/health` answers 200 as long as the service runs and says what of Berth is away, and 503 once it stops
 * (leaving.ts); `/<service>/health/own` is the same without asking the other services; `/<service>/health/database` answers 503
 * while the database is away. On its own port a service has them without its name.
 */
export function addHealth(app: OpenAPIHono<HttpEnv>, service: string, { own, neighbours }: Checks) {
  const json = (description: string) => ({
    description,
    content: { "application/json": { schema: health } },
  });
  const overall = route(
    { who: "anyone" },
    {
      method: "get",
      path: `/${service}/health`,
      tags: ["health"],
      summary: "Whether the service runs, and what of Berth is away",
      responses: { 200: json("It runs"), 503: json("It stops, and takes no new work") },
    },
  );
  const itself = route(
    { who: "anyone" },
    {
      method: "get",
      path: `/${service}/health/own`,
      tags: ["health"],
      summary: "Whether the service runs, and what it lacks; the other services are not asked",
      responses: { 200: json("It runs"), 503: json("It stops, and takes no new work") },
    },
  );
  const database = route(
    { who: "anyone" },
    {
      method: "get",
      path: `/${service}/health/database`,
      tags: ["health"],
      summary: "Whether the service's database answers",
      responses: { 200: json("It answers"), 503: json("It does not") },
    },
  );
  const report = (checks: Found): z.infer<typeof health> => {
    const ok = Object.values(checks).every(({ status }) => status === "ok");
    return { service, status: ok ? "ok" : "degraded", checks };
  };
  const all = async (c: Context<HttpEnv>) => {
    const [mine, others] = await Promise.all([lookAll(own), lookAround(neighbours)]);
    return c.json(report({ ...others, ...mine }), 200);
  };
  const mine = async (c: Context<HttpEnv>) => c.json(report(await lookAll(own)), 200);
  const databaseOnly = async (c: Context<HttpEnv>) => {
    const answer = report(await lookAll({ database: own.database }));
    return c.json(answer, answer.status === "ok" ? 200 : 503);
  };
  app.openapi(overall, all);
  app.openapi(itself, mine);
  app.openapi(database, databaseOnly);
  app.get("/health", all);
  app.get("/health/own", mine);
  app.get("/health/database", databaseOnly);
}
