import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { isBerthError } from "../errors.ts";
import type { HttpEnv } from "./context.ts";
import { route } from "./route.ts";

/** Looks at one thing a service needs. Gives milliseconds, throws when it is away. */
export type Check = () => Promise<number>;

const checkResult = z.object({
  status: z.enum(["ok", "away"]),
  ms: z.number().optional().meta({ description: "Milliseconds one round trip took." }),
  detail: z.string().optional(),
});
const health = z
  .object({
    service: z.string(),
    status: z.enum(["ok", "degraded", "stopping"]),
    checks: z.record(z.string(), checkResult),
  })
  .openapi("Health");

/**
 * `/<service>/health` answers 200 as long as the service runs and says what it lacks, and 503 once it stops (leaving.ts);
 * `/<service>/health/database` answers 503 while the database is away. On its own port a service has both without its name.
 */
export function addHealth(
  app: OpenAPIHono<HttpEnv>,
  service: string,
  checks: { database: Check } & Record<string, Check>,
) {
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
      summary: "Whether the service runs, and what it lacks",
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
  const report = async (wanted: Record<string, Check>): Promise<z.infer<typeof health>> => {
    const results = await Promise.all(
      Object.entries(wanted).map(async ([name, check]) => [name, await look(check)] as const),
    );
    const ok = results.every(([, result]) => result.status === "ok");
    return { service, status: ok ? "ok" : "degraded", checks: Object.fromEntries(results) };
  };
  app.openapi(overall, async (c) => c.json(await report(checks), 200));
  app.openapi(database, async (c) => {
    const answer = await report({ database: checks.database });
    return c.json(answer, answer.status === "ok" ? 200 : 503);
  });
  app.get("/health", async (c) => c.json(await report(checks), 200));
  app.get("/health/database", async (c) => {
    const answer = await report({ database: checks.database });
    return c.json(answer, answer.status === "ok" ? 200 : 503);
  });
}

async function look(check: Check): Promise<z.infer<typeof checkResult>> {
  try {
    return { status: "ok", ms: Math.round((await check()) * 10) / 10 };
  } catch (error) {
    return { status: "away", detail: isBerthError(error) ? error.message : "It does not answer." };
  }
}
