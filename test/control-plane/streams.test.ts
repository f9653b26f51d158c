import { describe, expect, test } from "vitest";
import { seeds } from "../support/seed.ts";
import { as } from "./people.ts";
import { freshSlug, newTenantBody, type TenantAnswer, withServices } from "./support.ts";
import { untilStatus, work } from "./worker.ts";

const t = withServices({ heartbeatMs: 50 });
const seed = seeds((text, values) => t.rows("auth", text, values));

/** An operation of an organisation's own, with somebody in it who follows what happens in it. */
async function followed(by: "session" | "key") {
  const owner = await seed.person();
  const user = await seed.person();
  const organization = await seed.organization({ [owner]: "owner", [user]: "admin" });
  const token =
    by === "key" ? await seed.key(user, { organization_id: organization }) : await seed.session(user);
  const headers = as(token);
  const body = newTenantBody(freshSlug(), { organization });
  const { tenant, operation } = await t.expect<TenantAnswer>(
    202,
    "POST",
    "/tenant/v1/tenants",
    body,
    headers,
  );
  await untilStatus(t, tenant.slug, "creating");
  const stream = await t.call("GET", `/instance/v1/operations/${operation.id}/events`, undefined, headers);
  expect(stream.status).toBe(200);
  return { user, organization, tenant, stream };
}

const cuts = {
  "a key that is revoked": ["key", "delete from api_keys where reference_id = $1"],
  "a key that has expired": ["key", "update api_keys set expires_at = now() where reference_id = $1"],
  "a key whose maker was removed": ["key", "delete from members where user_id = $1"],
  "a session that was ended": ["session", "delete from sessions where user_id = $1"],
  "a member who was removed": ["session", "delete from members where user_id = $1"],
} as const;

describe("a stream of events ends, and tells of nothing more, for", () => {
  test.each(Object.entries(cuts))("%s", async (_, [by, text]) => {
    const { user, tenant, stream } = await followed(by);
    await t.rows("auth", text, [user]);
    await work(t, tenant.id);
    const told = await stream.text();
    expect(told).toContain("event: queued");
    expect(told).not.toContain("succeeded");
  });

  test("nobody else", async () => {
    const { tenant, stream } = await followed("key");
    await work(t, tenant.id);
    expect(await stream.text()).toContain("succeeded");
  });
});
