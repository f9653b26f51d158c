import { expect, test } from "vitest";
import { seeds } from "../support/seed.ts";
import { as } from "./people.ts";
import { withServices } from "./support.ts";

const t = withServices();

test("a key and a session whose use cannot be noted are good all the same, as on a full disk", async () => {
  const seed = seeds((text, values) => t.rows("auth", text, values));
  const user = await seed.person();
  const organization = await seed.organization({ [user]: "owner" });
  const key = as(await seed.key(user, { organization_id: organization }));
  // Near its end, so that it is to be moved on.
  const session = as(await seed.session(user));
  const refuse = `create function refuse() returns trigger language plpgsql as $$ begin
    raise exception 'no space left on device' using errcode = '53100'; end $$`;
  await t.rows("auth", refuse);
  for (const table of ["api_keys", "sessions"])
    await t.rows("auth", `create trigger refuse before update on ${table} execute function refuse()`);
  for (const headers of [key, session])
    expect((await t.call("GET", "/tenant/v1/tenants", undefined, headers)).status).toBe(200);
  expect(t.logged()).toMatch(/could not be noted/);
  for (const table of ["api_keys", "sessions"]) await t.rows("auth", `drop trigger refuse on ${table}`);
  await t.expect(200, "GET", "/tenant/v1/tenants", undefined, key);
  await t.expect(200, "GET", "/tenant/v1/tenants", undefined, session);
  const [noted] = await t.rows("auth", "select last_request from api_keys where organization_id = $1", [
    organization,
  ]);
  expect(noted?.last_request).toBeInstanceOf(Date);
  const [moved] = await t.rows<{ days: number }>(
    "auth",
    "select extract(day from expires_at - now())::int as days from sessions where user_id = $1",
    [user],
  );
  expect(moved?.days).toBeGreaterThanOrEqual(6);
});
