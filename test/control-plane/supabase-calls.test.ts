import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createUserClient } from "../../control-plane/user/client.ts";
import { createSupabase } from "../../control-plane/user/supabase/verify.ts";
import { as, people, withMail } from "./people.ts";
import { signWith, supabaseProject } from "./supabase-project.ts";
import {
  captureLog,
  freshSlug,
  keys,
  newTenantBody,
  type Problem,
  type TenantAnswer,
  withServices,
} from "./support.ts";

const mail = await withMail();
const project = await supabaseProject();
const signer = await project.newKey();
const supabase = createSupabase({ url: project.url, secret: undefined, log: captureLog().log });
const t = withServices({ mailer: mail.mailer, supabase });
const { person, secondFactor } = people(t, mail);
const come = async (sub = randomUUID(), more: Record<string, unknown> = {}) =>
  as(await signWith(signer, project.claims({ sub, ...more })));

test("somebody from Supabase makes an organisation and a tenant with nothing but their token", async () => {
  const headers = await come();
  expect(await t.expect(200, "GET", "/user/v1/organizations", undefined, headers)).toMatchObject({
    items: [],
  });
  const { id } = await t.expect<{ id: string }>(
    201,
    "POST",
    "/user/v1/organizations",
    { name: "Acme" },
    headers,
  );
  const body = newTenantBody(freshSlug());
  const { tenant, operation } = await t.expect<TenantAnswer & { tenant: { organization: string } }>(
    202,
    "POST",
    "/tenant/v1/tenants",
    body,
    headers,
  );
  expect(tenant.organization).toBe(id);
  await t.expect(200, "GET", `/tenant/v1/tenants/${tenant.slug}`, undefined, headers);
  await t.expect(200, "GET", `/instance/v1/operations/${operation.id}`, undefined, headers);
  for (const path of [`/tenant/v1/tenants/${tenant.slug}`, `/instance/v1/operations/${operation.id}`])
    await t.expect(404, "GET", path, undefined, await come());
});

test("a token that is not good is nobody's, at every service", async () => {
  const sub = randomUUID();
  await t.expect(200, "GET", "/user/v1/organizations", undefined, await come(sub));
  const past = Math.floor(Date.now() / 1_000) - 60;
  for (const headers of [
    await come(sub, { exp: past }),
    await come(sub, { aud: "somebody" }),
    await come(sub, { role: "service_role" }),
    as(
      await signWith(
        await project.newKey("RS256"),
        project.claims({ iss: "https://else.supabase.co/auth/v1" }),
      ),
    ),
  ])
    for (const path of ["/user/v1/organizations", "/tenant/v1/tenants", "/instance/v1/operations"])
      await t.expect(401, "GET", path, undefined, headers);
});

test("it is no way round a second factor, nor into the staff", async () => {
  const sub = randomUUID();
  const ada = await person();
  const token = await signWith(signer, project.claims({ sub }));
  await t.expect(200, "POST", "/user/v1/supabase-links", { token }, ada.headers);
  await t.rows("auth", "update users set staff = true where id = $1", [ada.id]);
  await t.expect(200, "GET", "/user/v1/staff", undefined, ada.headers);
  await t.expect(403, "GET", "/user/v1/staff", undefined, await come(sub));
  await secondFactor(ada.token);
  const refused = await t.call("GET", "/tenant/v1/tenants", undefined, await come(sub));
  expect(refused.status).toBe(401);
  expect(((await refused.json()) as Problem).detail).toMatch(/second factor/);
  const other = await signWith(signer, project.claims());
  expect((await t.call("POST", "/user/v1/supabase-links", { token: other }, ada.headers)).status).toBe(409);
});

test("what needs a session of Berth's own says so", async () => {
  const refused = await t.call("GET", "/user/v1/sessions/current", undefined, await come());
  expect(refused.status).toBe(403);
  expect(((await refused.json()) as Problem).detail).toMatch(/Supabase/);
});

test("a service that asks over the network is told that it is nobody's, and goes on with its own token", async () => {
  const asked: string[] = [];
  const users = createUserClient({
    baseUrl: "http://localhost",
    service: "tenant",
    secret: keys.tenant.service,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      asked.push(new URL(request.url).pathname);
      return t.services.fetch(request);
    },
  });
  const past = Math.floor(Date.now() / 1_000) - 60;
  const stale = await signWith(signer, project.claims({ sub: randomUUID(), exp: past }));
  for (let n = 0; n < 3; n += 1)
    await expect(users.identify(stale, "test")).rejects.toMatchObject({ code: "unauthorized" });
  expect(
    await users.identify(await signWith(signer, project.claims({ sub: randomUUID() })), "test"),
  ).toMatchObject({
    kind: "session",
  });
  expect(await users.identify("berth_nobodys", "test")).toBeUndefined();
  expect(asked.filter((path) => path.endsWith("/service-tokens"))).toHaveLength(1);
});
