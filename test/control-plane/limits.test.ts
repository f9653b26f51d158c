import { type Context, Hono } from "hono";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { ownCaller } from "../../control-plane/audit/write.ts";
import { createCounters } from "../../control-plane/counters.ts";
import type { HttpEnv } from "../../control-plane/http/context.ts";
import { createLimiter, type RouteLimit } from "../../control-plane/http/limit.ts";
import { type LimitName, type LimitTable, limits } from "../../control-plane/http/limits.ts";
import { answerProblem } from "../../control-plane/http/problem.ts";
import { openRedis, type RedisConnection } from "../../control-plane/redis.ts";
import { until } from "../../control-plane/until.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { captureLog, type Problem } from "./support.ts";

const { log, text: logged } = captureLog();
let redis: TestRedis;
const open: RedisConnection[] = [];

beforeAll(async () => {
  redis = await startRedis(inject("redisImage"));
}, 120_000);
beforeEach(async () => {
  await redis.command("flushall");
});
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
});
afterAll(() => redis?.remove());

/** The table with two of everything in ten minutes. */
const two = Object.fromEntries(
  Object.entries(limits).map(([name, limit]) => [name, { ...limit, points: 2, seconds: 600, atATime: 1 }]),
) as LimitTable;

/** An app of one process, behind limits; a caller says who they are. */
async function startProcess(table: LimitTable = two) {
  const { port, password } = redis;
  const connection = openRedis({ port, password, name: "berth-test", log, commandTimeoutMs: 1_000 });
  open.push(connection);
  const counters = createCounters({ redis: connection.client, prefix: "berth:counts", secret: "s", log });
  const limiter = createLimiter(counters, table);
  const app = new Hono<HttpEnv>();
  app.onError((error, c) => answerProblem(c, error));
  app.use(async (c, next) => {
    c.set("requestId", "test");
    c.set("log", log);
    const origin = c.req.header("x-origin") ?? "192.0.2.1";
    c.set("caller", { ...ownCaller(c.req.header("x-actor") ?? "nobody", "test"), origin });
    await next();
  });
  const admit = async (c: Context<HttpEnv>, names: RouteLimit[]) => {
    for (const [name, value] of await limiter.admit(c.get("caller"), names))
      c.header(name, value, { append: true });
  };
  for (const name of Object.keys(table) as LimitName[]) {
    const isOwn = table[name].per === "address" || table[name].per === "caller";
    app.get(`/${name}`, async (c) => {
      if (isOwn) await admit(c, [name as RouteLimit]);
      else await limiter.take(name, c.req.query("of") ?? "");
      return c.text("done");
    });
  }
  app.get("/both", async (c) => {
    await admit(c, ["reads", "sign_in"]);
    return c.text("done");
  });
  const call = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    Promise.resolve(app.request(path, { method, headers }));
  return {
    call,
    limiter,
    connection,
    statuses: async (times: number, ...args: Parameters<typeof call>) => {
      const found: number[] = [];
      for (let n = 0; n < times; n += 1) found.push((await call(...args)).status);
      return found;
    },
    ready: () =>
      until(() => connection.client.status === "ready", {
        what: "Redis to be connected",
        deadlineMs: 20_000,
        everyMs: 10,
      }),
  };
}

describe("over the limit", () => {
  test("a request is refused, told when to come back, and was told before how many are left", async () => {
    const { call, ready } = await startProcess();
    await ready();
    const first = await call("/sign_in");
    expect(first.status).toBe(200);
    expect(first.headers.get("ratelimit-policy")).toBe('"sign_in";q=2;w=600');
    expect(first.headers.get("ratelimit")).toMatch(/^"sign_in";r=1;t=(600|599)$/);
    expect((await call("/sign_in")).headers.get("ratelimit")).toMatch(/^"sign_in";r=0;t=/);
    const third = await call("/sign_in");
    expect(third.status).toBe(429);
    const problem = (await third.json()) as Problem;
    expect(problem).toMatchObject({ code: "too_many_requests", title: "Too many requests" });
    const after = Number(third.headers.get("retry-after"));
    expect(after).toBeGreaterThan(590);
    expect(after).toBeLessThanOrEqual(600);
    expect(problem.detail).toContain(`${after} seconds`);
    expect(third.headers.get("ratelimit")).toBe(`"sign_in";r=0;t=${after}`);
    expect(third.headers.get("ratelimit-policy")).toBe('"sign_in";q=2;w=600');
  });

  test("it is over after that time", async () => {
    const { call, statuses, ready } = await startProcess({
      ...two,
      sign_in: { ...two.sign_in, points: 1, seconds: 1 },
    });
    await ready();
    expect(await statuses(2, "/sign_in")).toEqual([200, 429]);
    await until(async () => (await call("/sign_in")).status === 200, {
      what: "the second to be over",
      deadlineMs: 5_000,
      everyMs: 50,
    });
  });

  test("processes count together, and by what the table says", async () => {
    const one = await startProcess();
    const other = await startProcess();
    await Promise.all([one.ready(), other.ready()]);
    expect(await one.statuses(1, "/sign_in")).toEqual([200]);
    expect(await other.statuses(2, "/sign_in")).toEqual([200, 429]);
    expect(await one.statuses(1, "/sign_in")).toEqual([429]);
    expect(await one.statuses(1, "/sign_in", { "x-origin": "192.0.2.2" })).toEqual([200]);
    // Who has an IPv6 address has all of its /64.
    const six = ["2001:db8::1", "2001:db8:0:0:ffff::1", "2001:DB8::2"];
    for (const [n, origin] of six.entries())
      expect(await one.statuses(1, "/sign_in", { "x-origin": origin })).toEqual([n < 2 ? 200 : 429]);
    expect(await one.statuses(1, "/sign_in", { "x-origin": "2001:db8:0:1::1" })).toEqual([200]);

    const ann = { "x-actor": "user:ann" };
    expect(await one.statuses(2, "/reads", ann)).toEqual([200, 200]);
    expect(await other.statuses(1, "/reads", { ...ann, "x-origin": "192.0.2.9" })).toEqual([429]);
    expect(await one.statuses(1, "/reads", { "x-actor": "user:bob" })).toEqual([200]);
    // Nobody is counted by where they are.
    expect(await one.statuses(3, "/reads")).toEqual([200, 200, 429]);
    expect(await one.statuses(1, "/reads", { "x-origin": "192.0.2.9" })).toEqual([200]);
    expect(await one.statuses(3, "/reads", { "x-actor": "service:tenant" })).toEqual([200, 200, 200]);

    expect(await one.statuses(3, "/mails_to?of=ann@acme.example")).toEqual([200, 200, 429]);
    expect(await one.statuses(1, "/mails_to?of=bob@acme.example", { "x-origin": "192.0.2.8" })).toEqual([
      200,
    ]);
    expect(await other.statuses(1, "/invitations", ann)).toEqual([200]);
    expect(await one.statuses(2, "/invitations", ann)).toEqual([200, 429]);
    await expect(other.limiter.take("mails_to", "ann@acme.example")).rejects.toMatchObject({
      code: "too_many_requests",
      headers: { "Retry-After": expect.stringMatching(/^\d+$/) },
    });
    const dump = await redis.dump();
    for (const who of ["ann", "192.0.2"]) expect(dump).not.toContain(who);
  });

  test("a process takes some at a time of what is frequent, and all together no more than there are", async () => {
    const table = { ...two, reads: { ...two.reads, points: 100, atATime: 50 } };
    const [one, other] = [await startProcess(table), await startProcess(table)];
    await Promise.all([one.ready(), other.ready()]);
    const who = { "x-actor": "user:frequent" };
    const first = await one.call("/reads", who);
    expect(first.headers.get("ratelimit")).toBeNull();
    const last = await other.call("/reads", who);
    expect(last.headers.get("ratelimit")).toBeNull();
    expect((await other.statuses(50, "/reads", who)).filter((status) => status === 429)).toHaveLength(1);
    expect((await one.statuses(50, "/reads", who)).filter((status) => status === 429)).toHaveLength(1);
  });

  test("a request with two limits tells both", async () => {
    const { call, ready } = await startProcess();
    await ready();
    const both = await call("/both", { "x-origin": "192.0.2.7" });
    expect(both.headers.get("ratelimit")).toMatch(/^"reads";r=1;t=\d+, "sign_in";r=1;t=\d+$/);
  });
});

describe("while Redis is away", () => {
  test("each limit does what the table says, and is shared again afterwards", async () => {
    const one = await startProcess();
    const other = await startProcess();
    await Promise.all([one.ready(), other.ready()]);
    await redis.stop();
    try {
      const policies = new Set<string>();
      for (const name of Object.keys(limits) as LimitName[]) {
        const policy = limits[name].whenRedisIsAway;
        policies.add(policy);
        const third = policy === "count here" ? 429 : 200;
        expect(await one.statuses(3, `/${name}?of=x`), name).toEqual([200, 200, third]);
      }
      expect(policies).toEqual(new Set(["count here", "let pass"]));
      expect(await other.statuses(1, "/sign_in")).toEqual([200]);
      // A process that starts meanwhile is no worse.
      const late = await startProcess();
      expect(await late.statuses(3, "/sign_in")).toEqual([200, 200, 429]);
      await expect(late.connection.ping()).rejects.toThrow();
    } finally {
      await redis.start();
    }
    await Promise.all([one.ready(), other.ready()]);
    expect(await one.connection.ping()).toBeLessThan(1_000);
    expect(await one.statuses(2, "/sign_in")).toEqual([200, 200]);
    expect(await other.statuses(1, "/sign_in")).toEqual([429]);
    expect(logged()).toMatch(/Redis does not answer/);
    expect(logged()).toMatch(/Redis answers again/);
    expect(logged()).not.toContain(redis.password);
  });

  test("one that does not answer is not waited for long", async () => {
    const { statuses, ready } = await startProcess();
    await ready();
    await redis.pause();
    try {
      const from = performance.now();
      expect(await statuses(3, "/sign_in")).toEqual([200, 200, 429]);
      expect(performance.now() - from).toBeLessThan(5_000);
    } finally {
      await redis.resume();
    }
  });
});
