import { hashPassword } from "better-auth/crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createServices, type Services } from "../../control-plane/services.ts";
import { until } from "../../control-plane/until.ts";
import { cloneDatabases, connectServer, type TestDatabases } from "../support/postgres.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { seeds } from "../support/seed.ts";
import { as, freshAddress, password } from "./people.ts";
import { captureLog, freshSlug, keys, newTenantBody, noMail } from "./support.ts";

// Services with a Redis of this file's own, which is stopped, flushed and held still under them.
const { log, text: logged } = captureLog();
let redis: TestRedis;
let databases: TestDatabases;
let services: Services;
let seed: ReturnType<typeof seeds>;
beforeAll(async () => {
  databases = await cloneDatabases(connectServer(inject("postgres")));
  redis = await startRedis(inject("redisImage"));
  const { port, password: secret } = redis;
  services = createServices({
    settings: { domain: "localhost", httpPort: 80 },
    logins: databases.logins,
    keys,
    redis: { port, password: secret },
    ...noMail,
    log,
  });
  services.start();
  seed = seeds((text, values) => databases.server.sql(text, values, databases.names.auth));
}, 120_000);
afterAll(async () => {
  await services?.stop();
  await redis?.remove();
  await databases?.drop();
});

const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  services.fetch(
    new Request(`http://localhost${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    }),
  );
const signIn = async (email: string, secret = password) =>
  call("POST", "/user/v1/sessions", { email, password: secret });
const health = async () =>
  (
    (await (await call("GET", "/user/health")).json()) as {
      status: string;
      checks: { redis: { status: string } };
    }
  ).checks.redis.status;

async function owner() {
  const email = freshAddress();
  const user = await seed.person({ email });
  await seed.account(user, "credential", await hashPassword(password));
  const organization = await seed.organization({ [user]: "owner" });
  const program = await seed.key(user, { organization_id: organization });
  return { email, organization, session: as(await seed.session(user)), program: as(program) };
}

/** What people and programs do all day, and that it works. */
async function aDay() {
  const { email, organization, session, program } = await owner();
  const signedIn = await signIn(email);
  expect(signedIn.status).toBe(201);
  const { token } = (await signedIn.json()) as { token: string };
  for (const headers of [session, as(token), program]) {
    expect((await call("GET", `/user/v1/organizations/${organization}`, undefined, headers)).status).toBe(
      200,
    );
    expect((await call("GET", "/tenant/v1/tenants", undefined, headers)).status).toBe(200);
    expect((await call("GET", "/instance/v1/operations", undefined, headers)).status).toBe(200);
  }
  const renamed = await call(
    "PATCH",
    `/user/v1/organizations/${organization}`,
    { name: freshSlug() },
    session,
  );
  expect(renamed.status).toBe(200);
  // No template is known here: what the tenant service asks of another one is answered as well.
  expect((await call("POST", "/tenant/v1/tenants", newTenantBody(freshSlug()), program)).status).toBe(503);
  expect((await call("DELETE", "/user/v1/sessions/current", undefined, as(token))).status).toBe(204);
  expect((await call("GET", "/tenant/v1/tenants", undefined, as(token))).status).toBe(401);
}

test("with Redis, without it, with one that says nothing, and with one that lost everything, a day is a day", async () => {
  await aDay();
  expect(await health()).toBe("ok");
  const { session } = await owner();
  await redis.command("flushall");
  expect((await call("GET", "/user/v1/organizations", undefined, session)).status).toBe(200);
  await redis.stop();
  await aDay();
  expect(await health()).toBe("away");
  expect((await call("GET", "/user/v1/organizations", undefined, session)).status).toBe(200);
  await redis.start();
  await until(async () => (await health()) === "ok", {
    what: "Redis to be used",
    deadlineMs: 20_000,
    everyMs: 50,
  });
  await redis.pause();
  try {
    await aDay();
  } finally {
    await redis.resume();
  }
  expect((await call("GET", "/user/v1/organizations", undefined, session)).status).toBe(200);
  expect(logged()).not.toMatch(/unexpected error|unhandled/i);
}, 60_000);

test("without Redis, guessing passwords is limited still", async () => {
  const { email } = await owner();
  await redis.stop();
  try {
    const tries: number[] = [];
    for (let n = 0; n < 12; n++) tries.push((await signIn(email, "not the password")).status);
    expect(tries.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
    expect(tries.slice(10)).toEqual([429, 429]);
  } finally {
    await redis.start();
  }
}, 60_000);
