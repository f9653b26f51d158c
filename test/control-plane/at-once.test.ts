import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createServices, type Services } from "../../control-plane/services.ts";
import { as, people, withMail } from "./people.ts";
import {
  captureLog,
  freshSlug,
  keys,
  newTenantBody,
  noLimits,
  type TenantAnswer,
  withServices,
} from "./support.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer, heartbeatMs: 50 });
const { person, found, member } = people(t, mail);

/** The same services once more, which ask the first ones over the network as they would if they ran apart. */
let apart: Services;
let server: ReturnType<typeof serve>;
beforeAll(async () => {
  server = serve({
    fetch: (request, env) => t.services.fetch(request, env as never),
    port: 0,
    hostname: "127.0.0.1",
  });
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  apart = createServices({
    settings: { domain: "localhost", httpPort: 80 },
    logins: t.databases.logins,
    keys,
    redis: inject("redis"),
    limits: noLimits,
    mailer: mail.mailer,
    log: captureLog().log,
    userUrl: url,
    instanceUrl: url,
  });
});
afterAll(async () => {
  await apart?.stop();
  server?.close();
});

type Headers = Record<string, string>;

/** What each service answers somebody, together and apart. */
async function statuses(paths: string[], headers: Headers): Promise<number[]> {
  const ask = (services: Services, path: string) =>
    services.fetch(new Request(`http://localhost${path}`, { headers }));
  const answers = await Promise.all(paths.flatMap((path) => [ask(t.services, path), ask(apart, path)]));
  return answers.map(({ status }) => status);
}

const everywhere = (organization: string) => [
  `/user/v1/organizations/${organization}`,
  `/tenant/v1/tenants?organization=${organization}`,
  "/instance/v1/operations",
];
const all = (status: number, count = 6) => Array.from({ length: count }, () => status);

async function acme() {
  const ada = await person();
  const { id } = await found(ada);
  return { ada, id };
}

describe("refused at once by all three services, together and apart:", () => {
  test("a key that was revoked", async () => {
    const { ada, id } = await acme();
    const path = `/user/v1/organizations/${id}/api-keys`;
    const body = { name: "Key", scope: "write" };
    const made = await t.expect<{ id: string; key: string }>(201, "POST", path, body, ada.headers);
    expect(await statuses(everywhere(id), as(made.key))).toEqual(all(200));
    expect((await t.call("DELETE", `${path}/${made.id}`, undefined, ada.headers)).status).toBe(204);
    expect(await statuses(everywhere(id), as(made.key))).toEqual(all(401));
  });

  test("a session that was ended", async () => {
    const { ada, id } = await acme();
    expect(await statuses(everywhere(id), ada.headers)).toEqual(all(200));
    await t.call("DELETE", "/user/v1/sessions/current", undefined, ada.headers);
    expect(await statuses(everywhere(id), ada.headers)).toEqual(all(401));
  });

  test("a member who was removed: what is the organisation's is not there any more, and their keys are nobody's", async () => {
    const { ada, id } = await acme();
    const eve = await member(ada, id, "admin");
    const slug = freshSlug();
    const tenant = await t.expect<TenantAnswer>(
      202,
      "POST",
      "/tenant/v1/tenants",
      newTenantBody(slug),
      ada.headers,
    );
    const path = `/user/v1/organizations/${id}/api-keys`;
    const theirs = await t.expect<{ key: string }>(
      201,
      "POST",
      path,
      { name: "Key", scope: "read" },
      eve.headers,
    );
    const things = [`/user/v1/organizations/${id}`, `/tenant/v1/tenants/${slug}`];
    expect(await statuses(things, eve.headers)).toEqual(all(200, 4));
    expect(await statuses(things, as(theirs.key))).toEqual(all(200, 4));
    await t.call("DELETE", `/user/v1/organizations/${id}/members/${eve.id}`, undefined, ada.headers);
    const operation = `/instance/v1/operations/${tenant.operation.id}`;
    expect(await statuses([...things, operation], eve.headers)).toEqual(all(404));
    expect(await statuses(everywhere(id), as(theirs.key))).toEqual(all(401));
  });

  test("a member who may do less now", async () => {
    const { ada, id } = await acme();
    const eve = await member(ada, id, "developer");
    const { tenant } = await t.expect<TenantAnswer>(
      202,
      "POST",
      "/tenant/v1/tenants",
      newTenantBody(freshSlug(), { organization: id }),
      eve.headers,
    );
    const path = `/tenant/v1/tenants/${tenant.slug}`;
    await t.expect(200, "PATCH", path, { name: "Hers" }, eve.headers);
    await t.expect(
      200,
      "PATCH",
      `/user/v1/organizations/${id}/members/${eve.id}`,
      { role: "viewer" },
      ada.headers,
    );
    await t.expect(403, "PATCH", path, { name: "Not hers" }, eve.headers);
  });

  test("whoever follows an operation: the stream breaks off", async () => {
    const { ada } = await acme();
    const made = await t.expect<TenantAnswer>(
      202,
      "POST",
      "/tenant/v1/tenants",
      newTenantBody(freshSlug()),
      ada.headers,
    );
    const events = `/instance/v1/operations/${made.operation.id}/events`;
    const stream = await t.call("GET", events, undefined, ada.headers);
    expect(stream.status).toBe(200);
    const reader = stream.body?.getReader();
    await reader?.read();
    await t.call("DELETE", "/user/v1/sessions/current", undefined, ada.headers);
    let told = "";
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
      told += new TextDecoder().decode(part.value);
    expect(told).not.toMatch(/event: (started|succeeded)/);
    expect((await t.call("GET", events, undefined, ada.headers)).status).toBe(401);
  });
});
