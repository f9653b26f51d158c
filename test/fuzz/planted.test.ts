import { setTimeout as delay } from "node:timers/promises";
import { createRoute, OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import { beforeAll, expect, inject, test } from "vitest";
import type { FuzzResult } from "./contract.ts";
import { listen } from "./listen.ts";
import { fuzz } from "./schemathesis.ts";

const secret = "the-secret-of-the-planted-service";
const amount = z.object({ amount: z.int() });
const ok = { description: "", content: { "application/json": { schema: amount } } };
const is = (status: number, body: unknown = { amount: 1 }) => Response.json(body, { status });

/** Routes that are sound for most of what they are sent: what each documents, and how it answers the rest. */
const planted: Record<string, { responses: RouteConfig["responses"]; rest: () => Response }> = {
  sound: { responses: { 200: ok, 409: ok, 503: ok }, rest: () => is(503) },
  breaks: { responses: { 200: ok, 500: ok }, rest: () => is(500) },
  away: { responses: { 200: ok }, rest: () => is(503) },
  status: { responses: { 200: ok }, rest: () => is(418) },
  type: { responses: { 200: ok }, rest: () => new Response("hello") },
  shape: { responses: { 200: ok }, rest: () => is(200, { amount: "many" }) },
  header: {
    responses: { 200: { ...ok, headers: z.object({ ETag: z.string() }) } },
    rest: () => is(200),
  },
};

function plantedService(): OpenAPIHono {
  const app = new OpenAPIHono({ defaultHook: (result) => (result.success ? undefined : is(422)) });
  const request = { query: z.object({ amount: z.coerce.number().int().min(-1_000).max(1_000) }) };
  const plant = (what: string, responses: RouteConfig["responses"], answer: (amount: number) => Response) =>
    app.openapi(
      createRoute({
        method: "get",
        path: `/planted/v1/${what}`,
        request,
        responses: { 422: ok, ...responses },
      }),
      // biome-ignore lint/suspicious/noExplicitAny: that an answer is not as documented is what is planted.
      (c) => answer(c.req.valid("query").amount) as any,
    );
  for (const [what, { responses, rest }] of Object.entries(planted)) {
    plant(what, responses, (amount) =>
      amount < 0 ? rest() : Response.json({ amount }, { headers: { ETag: `"${amount}"` } }),
    );
  }
  plant("never", { 200: ok }, () => is(422));
  app.doc31("/planted/openapi.json", { openapi: "3.1.0", info: { title: "Planted", version: "1" } });
  return app;
}

let result: FuzzResult;

beforeAll(async () => {
  result = await fuzz({
    program: inject("schemathesis"),
    baseUrl: await listen(plantedService().fetch),
    service: "planted",
    headers: { authorization: `Bearer ${secret}` },
    maxExamples: 20,
    seed: 1,
    fenceMs: 60_000,
  });
});

test("every planted fault is found, and nothing else", () => {
  expect(result.failures, result.report).toEqual([
    "GET /planted/v1/away: Undocumented status code",
    "GET /planted/v1/breaks: Server error",
    "GET /planted/v1/header: Missing required response headers",
    "GET /planted/v1/shape: Response violates schema",
    "GET /planted/v1/status: Undocumented status code",
    "GET /planted/v1/type: Undocumented Content-Type",
  ]);
  expect(result.unreached).toEqual(["GET /planted/v1/never"]);
});

test("a fault is told with the line that repeats it and the seed, and without the caller's key", () => {
  expect(result.report).toMatch(/curl -X GET .*\/planted\/v1\/breaks\?amount=-/);
  expect(result.report).toContain("Seed: 1");
  expect(result.report).toContain("authorization: [Filtered]");
  expect(result.report).not.toContain(secret);
});

test("a run that would take too long is cut short, and tells what it has found until then", async () => {
  const service = plantedService();
  const baseUrl = await listen(async (request) => {
    const answer = await service.fetch(request);
    await delay(20);
    return answer;
  });
  const long = { program: inject("schemathesis"), baseUrl, service: "planted", headers: {}, seed: 1 };
  const cut = await fuzz({ ...long, maxExamples: 100_000, fenceMs: 8_000 });
  expect(cut.cutShort).toBe(true);
  expect(cut.failures).toContain("GET /planted/v1/breaks: Server error");
});

test("a service that is not there is an error, not a pass", async () => {
  const program = inject("schemathesis");
  const nowhere = { program, baseUrl: await listen(() => is(404)), service: "gone", headers: {} };
  await expect(fuzz({ ...nowhere, maxExamples: 1, seed: 1, fenceMs: 60_000 })).rejects.toThrow(
    /answered 404/,
  );
});
