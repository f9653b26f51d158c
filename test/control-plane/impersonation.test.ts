import { describe, expect, test } from "vitest";
import { openDatabase } from "../../control-plane/database.ts";
import { newId } from "../../control-plane/ids.ts";
import { createIdentity } from "../../control-plane/user/identity.ts";
import { as, codeIn, open, type Person, password, people, withMail } from "./people.ts";
import { standing } from "./standing.ts";
import { captureLog, freshSlug, newTenantBody, type Problem, withServices } from "./support.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const { person } = people(t, mail);
const { staffMember, organization } = standing(t, { person });

const path = "/user/v1/impersonations";
const reason = "Ticket 4711: <b>cannot</b> see a tenant";
interface Begun {
  token: string;
  expiresAt: string;
}
const begin = (staff: Person, user: Person, headers: Record<string, string> = {}) =>
  t.expect<Begun>(201, "POST", path, { user: user.id, reason }, { ...as(staff.token), ...headers });
const current = (token: string) => t.call("GET", "/user/v1/sessions/current", undefined, as(token));
const endOf = async (token: string) => {
  const [row] = await t.rows<{ expires_at: Date }>(
    "auth",
    "select expires_at from sessions where token = $1",
    [token],
  );
  return row?.expires_at.toISOString();
};

async function both() {
  const [staff, user] = [await staffMember(), await person()];
  const id = await organization(user.id);
  return { staff, user, organization: id };
}

describe("one of the staff who acts as a user", () => {
  test("may what the user may and no more, for an hour, which the user is told", async () => {
    const { staff, user } = await both();
    const { token, expiresAt } = await begin(staff, user);
    const lasts = Date.parse(expiresAt) - Date.now();
    expect(lasts).toBeGreaterThan(59 * 60_000);
    expect(lasts).toBeLessThanOrEqual(60 * 60_000);

    const letter = await mail.catcher.take(user.email, /have entered your account/);
    expect(letter.text).toMatch(/\n\n\d{4}-\d\d-\d\d \d\d:\d\d UTC\n\n/);
    expect(letter.text).not.toContain("Ticket");
    expect(await (await current(token)).json()).toMatchObject({
      account: { id: user.id },
      impersonatedBy: { id: staff.id, name: "Ada" },
      expiresAt,
    });
    expect(await (await current(user.token)).json()).toMatchObject({ impersonatedBy: null });

    const made = await t.call("POST", "/tenant/v1/tenants", newTenantBody(freshSlug()), as(token));
    expect(made.status).toBe(202);
    const { tenant } = (await made.json()) as { tenant: { id: string } };
    const actor = `user:${staff.id} as user:${user.id}`;
    expect(await t.rows("tenant", "select actor from audit where target = $1", [tenant.id])).toEqual([
      { actor },
    ]);
    const [entry] = await t.rows(
      "auth",
      "select * from audit where action = 'impersonation.begin' order by id desc",
    );
    expect(entry).toMatchObject({
      actor: `user:${staff.id}`,
      target: user.id,
      after: { reason, expiresAt },
    });

    // Staff's rights are left behind: another organisation's objects are not there.
    const other = await organization((await person()).id);
    await t.expect(404, "GET", `/user/v1/organizations/${other}/api-keys`, undefined, as(token));
    for (const where of ["/user/v1/staff", "/user/v1/accounts", "/user/v1/staff/api-keys"])
      await t.expect(403, "GET", where, undefined, as(token));

    const out = await t.call("DELETE", "/user/v1/sessions/current", undefined, as(token));
    expect(out.status).toBe(204);
    expect((await current(token)).status).toBe(401);
    expect((await current(user.token)).status).toBe(200);
    const [end] = await t.rows(
      "auth",
      "select actor from audit where action = 'session.end' order by id desc",
    );
    expect(end).toEqual({ actor });
    expect(t.logged()).not.toContain(token);
  });

  test("does nothing that would outlast it", async () => {
    const { staff, user, organization: id } = await both();
    const { token } = await begin(staff, user);
    const keys = `/user/v1/organizations/${id}/api-keys`;
    const body = { name: "Kept", scope: "write" };
    const refused = await t.expect<Problem>(403, "POST", keys, body, as(token));
    expect(refused).toMatchObject({ code: "forbidden" });
    await t.expect(200, "GET", keys, undefined, as(token));
    await t.expect(403, "DELETE", `/user/v1/organizations/${id}/membership`, undefined, as(token));
    await t.expect(403, "POST", path, { user: user.id, reason }, as(token));
  });

  test("has a fixed end, whoever looks at the session", async () => {
    const { staff, user } = await both();
    const { token, expiresAt } = await begin(staff, user);
    const database = openDatabase({ login: t.databases.logins.user, name: "test", log: captureLog().log });
    try {
      const identity = createIdentity({
        db: database.db,
        secret: "x",
        post: async () => undefined,
        log: captureLog().log,
      });
      const found = await identity.api.getSession({ headers: new Headers(as(token)) });
      expect(found?.user.id).toBe(user.id);
    } finally {
      await database.close();
    }
    await current(token);
    await t.expect(200, "GET", "/tenant/v1/tenants", undefined, as(token));
    expect(await endOf(token)).toBe(expiresAt);
    // A session of one's own that is as near to its end is moved on.
    const soon = "update sessions set expires_at = now() + interval '1 hour' where token = $1";
    await t.rows("auth", soon, [user.token]);
    await current(user.token);
    expect(Date.parse((await endOf(user.token)) ?? "")).toBeGreaterThan(Date.now() + 6 * 86_400_000);
    await t.rows("auth", "update sessions set expires_at = now() where token = $1", [token]);
    expect((await current(token)).status).toBe(401);
  });

  test("is out at once when no longer one of the staff, and stays out", async () => {
    const { staff, user } = await both();
    const boss = await staffMember();
    const { token } = await begin(staff, user);
    const where = `/user/v1/staff/${staff.id}`;
    expect((await t.call("DELETE", where, undefined, as(boss.token))).status).toBe(204);
    const refused = async (one: string) => {
      for (const at of ["/user/v1/sessions/current", "/tenant/v1/tenants", "/instance/v1/operations"])
        expect((await t.call("GET", at, undefined, as(one))).status, at).toBe(401);
    };
    await refused(token);
    await t.expect(200, "PUT", where, undefined, as(boss.token));
    await refused(token);
    const second = await begin(staff, user);
    await t.rows("auth", "update users set staff = false where id = $1", [staff.id]);
    await refused(second.token);
  });

  test("is out with what ends their own sessions: signing out elsewhere, a new password, one by a mailed code", async () => {
    const { staff, user } = await both();
    const begun = () => begin(staff, user);
    const isOut = async ({ token }: Begun) => {
      expect((await current(token)).status).toBe(401);
      expect((await current(user.token)).status).toBe(200);
    };
    const first = await begun();
    expect((await t.call("DELETE", "/user/v1/sessions", undefined, as(staff.token))).status).toBe(204);
    await isOut(first);
    const second = await begun();
    const change = { current: password, password: `${password} 2` };
    await t.expect(200, "PUT", "/user/v1/account/password", change, as(staff.token));
    await isOut(second);
    const third = await begun();
    await t.expect(202, "POST", "/user/v1/password-resets", { email: staff.email }, open);
    const code = codeIn(await mail.catcher.take(staff.email, /Set a new password/));
    await t.expect(200, "PUT", "/user/v1/password", { code, password }, open);
    await isOut(third);
  });

  test("does not act as one of the staff, nor goes on as somebody who becomes one", async () => {
    const { staff, user } = await both();
    const boss = await staffMember();
    const body = { user: boss.id, reason };
    expect(await t.expect<Problem>(403, "POST", path, body, as(staff.token))).toMatchObject({
      code: "forbidden",
    });
    await t.expect(403, "POST", path, { user: staff.id, reason }, as(staff.token));
    const { token } = await begin(staff, user);
    await t.expect(200, "PUT", `/user/v1/staff/${user.id}`, undefined, as(boss.token));
    expect((await current(token)).status).toBe(401);
  });

  test("begins once for an Idempotency-Key, whose token is not shown again", async () => {
    const { staff, user } = await both();
    const first = await begin(staff, user, { "idempotency-key": "entering" });
    const again = await begin(staff, user, { "idempotency-key": "entering" });
    expect(again).toEqual({ expiresAt: first.expiresAt });
    const rows = await t.rows("auth", "select from sessions where impersonated_by = $1", [staff.id]);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(await t.rows("auth", "select * from idempotency"))).not.toContain(first.token);
  });
});

test("the user is told in their language", async () => {
  const [staff, user] = [await staffMember(), await person({ language: "de" })];
  await begin(staff, user);
  const letter = await mail.catcher.take(user.email, /hat Ihr Konto betreten/);
  expect(letter.html).toContain('<html lang="de">');
});

describe("what does not fit is refused with a sentence", () => {
  test.each([
    ["no reason", { reason: "  " }, 422],
    ["a reason with half a character", { reason: "a\ud800" }, 422],
    ["a reason of many lines", { reason: "a\nb" }, 422],
    ["a long reason", { reason: "x".repeat(501) }, 422],
    ["no user", { user: "ada@acme.example" }, 422],
    ["a longer time", { minutes: 600 }, 422],
    ["a user who is not there", { user: newId("usr") }, 404],
  ])("%s", async (_what, more, status) => {
    const staff = await staffMember();
    const body = { user: newId("usr"), reason, ...more };
    await t.expect(status, "POST", path, body, as(staff.token));
  });

  test("anybody else", async () => {
    const { user } = await both();
    const body = { user: user.id, reason };
    await t.expect(403, "POST", path, body, as(user.token));
    // A key of the staff's.
    await t.expect(403, "POST", path, body);
  });
});
