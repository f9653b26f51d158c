import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import { newId } from "../../control-plane/ids.ts";
import { offerFirstStaff } from "../../control-plane/user/staff/first-staff-code.ts";
import { as, freshAddress, open, type Person, password, people, withMail } from "./people.ts";
import { standing } from "./standing.ts";
import { captureLog, type Problem, withServices } from "./support.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const { person, signUp, signIn, verified } = people(t, mail);
const { staffMember } = standing(t, { person });

interface Account {
  id: string;
  email: string;
  staff: boolean;
  emailVerified: boolean;
}
const staffPath = "/user/v1/staff";
const call = async (who: Person, method: string, path: string) =>
  (await t.call(method, path, undefined, as(who.token))).status;

describe("the first staff account", () => {
  let database: Database;
  beforeAll(() => {
    database = openDatabase({ login: t.databases.logins.user, name: "test set-up", log: captureLog().log });
  });
  afterAll(() => database.close());

  const nobodyIsStaff = () => t.rows("auth", "update users set staff = false");
  const offer = async (known?: string): Promise<string> => {
    const code = await offerFirstStaff(database.db, known);
    if (code === undefined) throw new Error("There is a staff account.");
    return code;
  };
  const make = (code: string, email = freshAddress()) =>
    t.call("POST", "/user/v1/staff-accounts", { code, name: "Ada", email, password }, open);
  const staff = () => t.rows<{ email: string }>("auth", "select email from users where staff");

  test("is made once by the code of set-up, and is confirmed and staff at once", async () => {
    await nobodyIsStaff();
    const code = await offer();
    const email = freshAddress();
    const answer = await make(code, email.toUpperCase());
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ email, emailVerified: true, staff: true });
    expect(await staff()).toEqual([{ email }]);
    const session = await signIn(email);
    const { items } = await t.expect<{ items: Account[] }>(
      200,
      "GET",
      staffPath,
      undefined,
      as(session.token),
    );
    expect(items.map((one) => one.email)).toEqual([email]);
    const again = await make(code);
    expect(again.status).toBe(410);
    expect(await again.json()).toMatchObject({ code: "code_expired" });
    expect(await offerFirstStaff(database.db, code)).toBeUndefined();
    const audit = await t.rows("auth", "select actor, target from audit where action = 'staff.first'");
    expect(audit.at(-1)).toEqual({ actor: "nobody", target: session.account.id });
    const all = JSON.stringify(await t.rows("auth", "select * from audit")) + t.logged();
    for (const secret of [code, password]) expect(all).not.toContain(secret);
  });

  test("is not made by a code that is made up, expired, replaced, or left from before there was staff", async () => {
    await nobodyIsStaff();
    const refused = async (code: string) => expect((await make(code)).status, code).toBe(410);
    await refused("made-up");
    const first = await offer();
    expect(await offer(first)).toBe(first);
    expect(JSON.stringify(await t.rows("auth", "select * from verifications"))).not.toContain(first);
    const second = await offer();
    await refused(first);
    await refused(`${second}x`);
    await t.rows("auth", "update verifications set expires_at = now() where identifier = 'first-staff'");
    await refused(second);
    const third = await offer(second);
    expect(third).not.toBe(second);
    await staffMember();
    await refused(third);
    await nobodyIsStaff();
    expect((await make(third)).status).toBe(201);
  });

  test("is one, when two ask for it at once", async () => {
    await nobodyIsStaff();
    const code = await offer();
    const answers = await Promise.all([1, 2, 3].map(() => make(code)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 410, 410]);
    expect(await staff()).toHaveLength(1);
  });

  test("is not made of an account that is there: whoever typed its address may be somebody else", async () => {
    await nobodyIsStaff();
    const code = await offer();
    const unconfirmed = freshAddress();
    await signUp(unconfirmed);
    for (const email of [unconfirmed, await verified()]) {
      const answer = await make(code, email);
      expect(answer.status).toBe(409);
      expect(((await answer.json()) as Problem).detail).toContain(email);
    }
    expect(await staff()).toEqual([]);
    expect((await make(code)).status).toBe(201);
  });

  test.each([
    ["a code that is none", { code: "a code" }, "code"],
    ["a short password", { password: "short" }, "password"],
    ["no address", { email: "ada" }, "email"],
    ["a name with a tag", { name: "<b>" }, "name"],
    ["a field that is not there", { staff: true }, "staff"],
  ])("is refused with a sentence: %s", async (_what, more, field) => {
    const body = { code: "x", name: "Ada", email: freshAddress(), password, ...more };
    const problem = await t.expect<Problem>(422, "POST", "/user/v1/staff-accounts", body, open);
    expect(JSON.stringify(problem.errors)).toContain(field);
  });

  test("is asked for by a page that runs and loads nothing of others", async () => {
    const page = await t.call("GET", "/user/first-staff", undefined, open);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    const html = await page.text();
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).not.toContain("unsafe");
    for (const tag of ["style", "script"]) {
      const parts = [...html.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "gs"))];
      expect(parts).toHaveLength(1);
      const hash = createHash("sha256")
        .update(parts[0]?.[1] ?? "")
        .digest("base64");
      expect(policy).toContain(`${tag}-src 'sha256-${hash}'`);
    }
    expect(html).not.toMatch(/ (src|on\w+|style)=|https?:\/\//);
    for (const field of ["name", "email", "password"]) expect(html).toContain(`<label for="${field}">`);
  });
});

describe("the staff", () => {
  test("add one another, again without a change, and take one another off", async () => {
    const [staff, other] = [await staffMember(), await person()];
    const path = `${staffPath}/${other.id}`;
    expect(await call(other, "GET", staffPath)).toBe(403);
    for (let n = 0; n < 2; n++) {
      const added = await t.expect<Account>(200, "PUT", path, undefined, as(staff.token));
      expect(added).toMatchObject({ id: other.id, staff: true });
    }
    expect(await call(other, "GET", staffPath)).toBe(200);
    const key = await t.expect<{ id: string; key: string }>(
      201,
      "POST",
      `${staffPath}/api-keys`,
      { name: "Theirs", scope: "read" },
      as(other.token),
    );
    expect(await call(staff, "DELETE", path)).toBe(204);
    expect(await call(staff, "DELETE", path)).toBe(404);
    expect(await call(other, "GET", staffPath)).toBe(403);
    // Coming back, they do not find their old key at work.
    expect(await call(staff, "PUT", path)).toBe(200);
    expect((await t.call("GET", "/tenant/v1/tenants", undefined, as(key.key))).status).toBe(401);
    const audit = await t.rows<{ action: string }>(
      "auth",
      "select action from audit where target = any($1) and actor = $2 order by id",
      [[other.id, key.id], `user:${staff.id}`],
    );
    expect(audit.map(({ action }) => action)).toEqual([
      "staff.add",
      "key.revoke",
      "staff.remove",
      "staff.add",
    ]);
  });

  test("are confirmed accounts, and there is one at least", async () => {
    const staff = await staffMember();
    const email = freshAddress();
    await signUp(email);
    const [{ id } = { id: "" }] = await t.rows<{ id: string }>(
      "auth",
      "select id from users where email = $1",
      [email],
    );
    const early = await t.expect<Problem>(409, "PUT", `${staffPath}/${id}`, undefined, as(staff.token));
    expect(early.code).toBe("conflict");
    expect(await call(staff, "PUT", `${staffPath}/${newId("usr")}`)).toBe(404);
    await t.rows("auth", "update users set staff = false where id <> $1", [staff.id]);
    const last = await t.expect<Problem>(
      409,
      "DELETE",
      `${staffPath}/${staff.id}`,
      undefined,
      as(staff.token),
    );
    expect(last.code).toBe("conflict");
  });

  test("cannot all leave at once", async () => {
    await t.rows("auth", "update users set staff = false");
    const both = [await staffMember(), await staffMember()];
    const statuses = await Promise.all(both.map((one) => call(one, "DELETE", `${staffPath}/${one.id}`)));
    expect(statuses.toSorted()).toEqual([204, 409]);
  });

  test("find people by their address, or page through all", async () => {
    const [staff, other] = [await staffMember(), await person()];
    const find = (query: string) =>
      t.expect<{ items: Account[]; nextCursor: string | null }>(
        200,
        "GET",
        `/user/v1/accounts?${query}`,
        undefined,
        as(staff.token),
      );
    const { items } = await find(`email=${encodeURIComponent(other.email.toUpperCase())}`);
    expect(items).toEqual([
      expect.objectContaining({
        id: other.id,
        name: "Ada",
        email: other.email,
        emailVerified: true,
        staff: false,
      }),
    ]);
    expect((await find("email=nobody@acme.example")).items).toEqual([]);
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page = await find(`limit=3${cursor ? `&cursor=${cursor}` : ""}`);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    const all = await t.rows<{ id: string }>("auth", "select id from users");
    expect(seen.toSorted()).toEqual(all.map(({ id }) => id).toSorted());
    expect(await call(other, "GET", "/user/v1/accounts")).toBe(403);
    // A key of the staff's is none of them.
    const body = { name: "A program", scope: "write" };
    const made = await t.expect<{ key: string }>(201, "POST", `${staffPath}/api-keys`, body, as(staff.token));
    for (const path of [staffPath, "/user/v1/accounts"])
      expect((await t.call("GET", path, undefined, as(made.key))).status).toBe(403);
  });
});
