import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll, expect, inject, test } from "vitest";
import { createServices, type Services } from "../../control-plane/services.ts";
import { cloneDatabases, connectServer, type TestDatabases } from "../support/postgres.ts";
import { seeds } from "../support/seed.ts";
import { captureLog, freshSlug, keys, newTenantBody, noLimits, noMail, withServices } from "./support.ts";
import { createTenant, untilStatus, work } from "./worker.ts";

/** The same with a field more in every object of it, as a newer service would say it. A map by organisation has no fields. */
function withMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMore);
  if (typeof value !== "object" || value === null) return value;
  const all = Object.entries(value).map(([name, one]) => [name, name === "roles" ? one : withMore(one)]);
  return { ...Object.fromEntries(all), saidByANewerService: { in: ["all", 1, null] } };
}

/** User and instance service that say more; their tenant service has a database of its own and is nobody's. */
let newer: Services | undefined;
let idle: TestDatabases | undefined;
/** What they were asked, and answered with more. */
const answered = new Set<string>();
const server = serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request, env) {
    const answer = (await newer?.fetch(request, env as never)) ?? new Response(null, { status: 503 });
    const [, , , what = ""] = new URL(request.url).pathname.split("/");
    // Keys are as a standard has them.
    if (!answer.ok || what === "jwks" || !answer.headers.get("content-type")?.includes("json")) return answer;
    answered.add(what);
    return Response.json(withMore(await answer.json()), { status: answer.status });
  },
});
await new Promise<void>((resolve) => server.once("listening", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const t = withServices({ userUrl: url, instanceUrl: url }, async () => {
  const postgres = connectServer(inject("postgres"));
  const databases = await cloneDatabases(postgres);
  idle = await cloneDatabases(postgres);
  newer = createServices({
    ...{ settings: { domain: "localhost", httpPort: 80 }, keys, redis: inject("redis"), limits: noLimits },
    ...{ ...noMail, log: captureLog().log },
    logins: { ...databases.logins, tenant: idle.logins.tenant },
  });
  newer.start();
  return databases;
});
afterAll(async () => {
  await newer?.stop();
  await idle?.drop();
  server.close();
});

test("a service whose others are newer works as if they said no more than it knows", async () => {
  const { tenant } = await createTenant(t);
  await untilStatus(t, tenant.slug, "creating");
  await work(t, tenant.id);
  const ready = await untilStatus(t, tenant.slug, "ready");
  expect(JSON.stringify(ready)).not.toContain("saidByANewerService");
  // One that the caller is no member of has to be asked for.
  const organization = await seeds((sql, values) => t.rows("auth", sql, values)).organization();
  const body = newTenantBody(freshSlug(), { organization });
  await t.expect(202, "POST", "/tenant/v1/tenants", body);
  const asked = ["service-tokens", "introspections", "known-organizations", "catalogue", "stacks", "feed"];
  expect([...answered].toSorted()).toEqual(asked.toSorted());
  expect(t.logged()).not.toMatch(/"level":"(warn|error)"/);
});
