import { describe, expect, test } from "vitest";
import { withClient } from "../../control-plane/database.ts";
import { newId } from "../../control-plane/ids.ts";
import { until } from "../../control-plane/until.ts";
import { as, freshAddress, open, password, people, withMail } from "./people.ts";
import { withServices } from "./support.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const { signIn, signUp, verified } = people(t, mail);
const path = "/user/v1/sessions";

interface Item {
  id: string;
  createdAt: string;
  expiresAt: string;
  address: string | null;
  userAgent: string | null;
  current: boolean;
  impersonatedBy: { id: string; name: string } | null;
}
interface Page {
  items: Item[];
  nextCursor: string | null;
}
const list = (token: string, query = "") =>
  t.expect<Page>(200, "GET", `${path}${query}`, undefined, as(token));
const end = async (token: string, id = "") =>
  (await t.call("DELETE", `${path}${id && `/${id}`}`, undefined, as(token))).status;
const current = async (token: string) =>
  (await t.call("GET", `${path}/current`, undefined, as(token))).status;

/** Signs in over the network, as it were. */
async function signInFrom(email: string, address: string, userAgent: string): Promise<string> {
  const request = new Request(`http://localhost${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": userAgent },
    body: JSON.stringify({ email, password }),
  });
  const answer = await t.services.fetch(request, { incoming: { socket: { remoteAddress: address } } });
  return ((await answer.json()) as { token: string }).token;
}

describe("one's own sessions", () => {
  test("are listed with where they are from, the newest first, and which one asks", async () => {
    const email = await verified();
    await signInFrom(email, "192.0.2.1", `Fire\tfox ${"x".repeat(500)}\u00e9`);
    await signInFrom(email, "2001:db8::1", "");
    const { token } = await signIn(email);
    await signIn(await verified());
    const { items, nextCursor } = await list(token);
    expect(nextCursor).toBeNull();
    expect(items.map(({ address, current: isCurrent }) => [address, isCurrent])).toEqual([
      [null, true],
      ["2001:db8::1", false],
      ["192.0.2.1", false],
    ]);
    expect(items[2]?.userAgent).toBe(`Fire fox ${"x".repeat(191)}`);
    expect(items[1]?.userAgent).toBeNull();
    for (const { id, createdAt, expiresAt, impersonatedBy } of items) {
      expect(id).toMatch(/^ses_/);
      expect(Date.parse(createdAt)).toBeGreaterThan(Date.now() - 60_000);
      expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now() + 6 * 86_400_000);
      expect(impersonatedBy).toBeNull();
    }
    expect(JSON.stringify(items)).not.toContain(token);
  });

  test("are listed page by page, without those that are over", async () => {
    const email = await verified();
    const tokens = [];
    for (let n = 0; n < 5; n++) tokens.push((await signIn(email)).token);
    const token = tokens.at(-1) ?? "";
    await t.rows("auth", "update sessions set expires_at = now() - interval '1 second' where token = $1", [
      tokens[0],
    ]);
    // Begun in the same moment, which is no way to be left out.
    await t.rows("auth", "update sessions set created_at = '2026-01-01' where token = any($1)", [
      tokens.slice(1, 4),
    ]);
    const seen: Item[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Page = await list(token, `?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(new Set(seen.map(({ id }) => id)).size).toBe(4);
    expect(seen).toHaveLength(4);
    for (const position of [
      "1",
      "1_x",
      `99999999999999_${newId("ses")}`,
      `1_${newId("ses")}_`,
      newId("ses"),
    ]) {
      const cursor = Buffer.from(`v1:${position}`).toString("base64url");
      await t.expect(422, "GET", `${path}?cursor=${cursor}`, undefined, as(token));
    }
  });

  test("show who of the staff acts as one", async () => {
    const email = await verified();
    const [{ token }, acted] = [await signIn(email), await signIn(email)];
    await t.rows("auth", "update sessions set impersonated_by = $1 where token = $2", [
      t.staff.user,
      acted.token,
    ]);
    const { items } = await list(token);
    expect(items.map(({ impersonatedBy }) => impersonatedBy)).toEqual([
      { id: t.staff.user, name: expect.any(String) },
      null,
    ]);
    expect(await end(token, items[0]?.id)).toBe(204);
    expect(await current(acted.token)).toBe(401);
  });

  test("are ended one by one, at once; another's is not there", async () => {
    const email = await verified();
    const [one, two] = [await signIn(email), await signIn(email)];
    const stranger = await signIn(await verified());
    const id = (await list(two.token)).items.find((item) => item.current)?.id ?? "";
    expect(await end(stranger.token, id)).toBe(404);
    expect(await end(one.token, newId("ses"))).toBe(404);
    for (const other of ["ses_x", "usr_a234567890123456", "%00"])
      expect(await end(one.token, other)).toBe(422);
    expect(await current(two.token)).toBe(200);
    expect(await end(one.token, id)).toBe(204);
    expect(await current(two.token)).toBe(401);
    expect(await end(one.token, id)).toBe(404);
    // One's own, too.
    expect(await end(one.token, (await list(one.token)).items[0]?.id)).toBe(204);
    expect(await current(one.token)).toBe(401);
  });

  test("are ended all but the one that asks", async () => {
    const email = await verified();
    const [one, two, three] = [await signIn(email), await signIn(email), await signIn(email)];
    const stranger = await signIn(await verified());
    expect(await end(two.token)).toBe(204);
    const tokens = [one, two, three, stranger].map(({ token }) => token);
    expect(await Promise.all(tokens.map(current))).toEqual([401, 200, 401, 200]);
    expect(await end(two.token)).toBe(204);
  });
});

test("a sign-in by a password that is replaced in that moment is refused", async () => {
  const [email, other] = [await verified(), freshAddress()];
  await signUp(other, { password: "another password" });
  const { server, names } = t.databases;
  await withClient(server.login("postgres", names.auth), "test", async (client) => {
    // As a change of the password does: the account is held, its password written, its sessions ended.
    await client.query("begin");
    const { rows } = await client.query("select id from users where email = $1 for no key update", [email]);
    const signing = t.call("POST", path, { email, password }, open);
    const waiting =
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await until(async () => (await server.sql(waiting, [], names.auth)).length > 0, {
      what: "the sign-in to wait for the account",
      deadlineMs: 10_000,
      everyMs: 5,
    });
    await client.query(
      `update accounts set password = (select a.password from accounts a join users u on u.id = a.user_id
         where u.email = $1) where user_id = $2`,
      [other, rows[0]?.id],
    );
    await client.query("commit");
    expect((await signing).status).toBe(401);
  });
});
