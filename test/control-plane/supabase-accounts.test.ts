import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownCaller } from "../../control-plane/audit/write.ts";
import { type Database, openDatabase, withClient } from "../../control-plane/database.ts";
import { until } from "../../control-plane/until.ts";
import { claimAddress } from "../../control-plane/user/account/claim-address.ts";
import { confirmAddress } from "../../control-plane/user/account/confirm-address.ts";
import type { UserContext } from "../../control-plane/user/context.ts";
import { createIdentity } from "../../control-plane/user/identity.ts";
import { createPost } from "../../control-plane/user/mail/post.ts";
import { accountOfSupabase } from "../../control-plane/user/supabase/account-of-supabase.ts";
import { linkSupabase } from "../../control-plane/user/supabase/link-supabase.ts";
import { readLinks } from "../../control-plane/user/supabase/read-links.ts";
import { unlinkSupabase } from "../../control-plane/user/supabase/unlink-supabase.ts";
import { createSupabase, type Supabase } from "../../control-plane/user/supabase/verify.ts";
import { codeIn, freshAddress, open, password, people, withMail } from "./people.ts";
import { type ProjectKey, signByHand, signWith, supabaseProject } from "./supabase-project.ts";
import { captureLog, keys, withServices } from "./support.ts";

const mail = await withMail();
const { catcher } = mail;
const t = withServices({ mailer: mail.mailer });
const { confirm, signUp, signIn, verified } = people(t, mail);
const project = await supabaseProject();
const { log, text: logged } = captureLog();
const caller = ownCaller("nobody", "req_test");

let signer: ProjectKey;
let database: Database;
let supabase: Supabase;
let ctx: Pick<UserContext, "db" | "identity" | "caller" | "post">;
beforeAll(async () => {
  database = openDatabase({ login: t.databases.logins.user, name: "test supabase", log });
  const secret = keys.user.identity.toString("base64");
  const post = createPost({ mailer: mail.mailer, log });
  const identity = createIdentity({ db: database.db, secret, post, log });
  ctx = { db: database.db, identity, caller, post };
  signer = await project.newKey();
  supabase = createSupabase({ url: project.url, secret: undefined, log });
});
afterAll(() => database?.close());

const tokenOf = (sub: string, more: Record<string, unknown> = {}) =>
  signWith(signer, project.claims({ sub, ...more }));
/** Comes with a token, as a first call does, and gives the account as it is then. */
const come = async (sub: string, more: Record<string, unknown> = {}) => {
  const id = await accountOfSupabase(ctx, await supabase.verify(await tokenOf(sub, more)));
  const [account] = await t.rows<{ id: string; name: string; email: string }>(
    "auth",
    "select id, name, email from users where id = $1",
    [id],
  );
  if (!account) throw new Error("A Supabase user's account is not there.");
  return account;
};
const link = async (userId: string, sub: string) =>
  linkSupabase({ ...ctx, supabase }, { userId, token: await tokenOf(sub) });
const auditOf = (id: string) =>
  t.rows("auth", "select action, actor, before, after from audit where target = $1 order by id", [id]);
const ownerOf = async (email: string) =>
  (await t.rows<{ id: string }>("auth", "select id from users where email = $1", [email]))[0]?.id ?? "";

describe("whoever comes with a Supabase token", () => {
  test("has one account, the same whatever their address becomes", async () => {
    const sub = randomUUID();
    const first = await come(sub);
    expect(first).toEqual({
      id: expect.stringMatching(/^usr_/),
      name: "ada",
      email: `${first.id}@supabase.invalid`,
    });
    expect(await come(sub, { email: freshAddress() })).toEqual(first);
    expect(await auditOf(first.id)).toEqual([
      {
        action: "account.link",
        actor: `user:${first.id}`,
        before: null,
        after: { issuer: project.issuer, subject: sub, newAccount: true },
      },
    ]);
    const [row] = await t.rows("auth", "select email_verified from users where id = $1", [first.id]);
    expect(row).toEqual({ email_verified: false });
  });

  test("is somebody else with another subject or of another project, whatever their address", async () => {
    const sub = randomUUID();
    const email = freshAddress();
    const first = await come(sub, { email });
    expect((await come(randomUUID(), { email })).id).not.toBe(first.id);
    const other = { issuer: "https://other.supabase.co/auth/v1", subject: sub, email };
    expect(await accountOfSupabase(ctx, other)).not.toBe(first.id);
  });

  test("has one account when they come many times at once", async () => {
    const sub = randomUUID();
    const all = await Promise.all(Array.from({ length: 8 }, () => come(sub)));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    const id = all[0]?.id ?? "";
    const rows = await t.rows("auth", "select user_id from accounts where account_id = $1", [sub]);
    expect(rows).toEqual([{ user_id: id }]);
    expect(await auditOf(id)).toHaveLength(1);
    // Nothing is left of those who were slower.
    const bare = await t.rows(
      "auth",
      "select id from users u where not staff and not exists (select from accounts a where a.user_id = u.id)",
    );
    expect(bare).toEqual([]);
  });

  test("waits for another first call that is under way, and takes its account", async () => {
    const sub = randomUUID();
    const { server, names } = t.databases;
    await withClient(server.login("postgres", names.auth), "test", async (client) => {
      await client.query("begin");
      await client.query(
        "insert into users (id, name, email) values ('usr_quicker', 'q', 'usr_quicker@supabase.invalid')",
      );
      await client.query(
        "insert into accounts (id, user_id, provider_id, account_id) values ('acc_quicker', 'usr_quicker', $1, $2)",
        [`supabase:${project.issuer}`, sub],
      );
      const coming = come(sub);
      const waiting =
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
      await until(async () => (await server.sql(waiting, [], names.auth)).length > 0, {
        what: "the call to wait for the other",
        deadlineMs: 10_000,
        everyMs: 5,
      });
      await client.query("commit");
      expect((await coming).id).toBe("usr_quicker");
    });
  });

  test("does not get the account of somebody with their address, nor the address", async () => {
    const email = await verified();
    const ada = await ownerOf(email);
    const comes = await come(randomUUID(), { email });
    expect(comes.id).not.toBe(ada);
    expect(comes.email).not.toBe(email);
    expect(await ownerOf(email)).toBe(ada);
    expect((await signIn(email)).account.id).toBe(ada);
    // Nor does a token keep anybody from signing up with an address.
    const free = freshAddress();
    await come(randomUUID(), { email: free });
    expect((await signUp(free)).status).toBe(202);
    expect((await confirm(codeIn(await catcher.take(free, /Confirm your/)))).status).toBe(200);
    await signIn(free);
  });

  test("gets a name that could have been typed", async () => {
    for (const email of [
      undefined,
      "",
      '<b>"@x',
      "\u202eada@acme.example",
      `${"x".repeat(300)}@acme.example`,
    ])
      expect((await come(randomUUID(), { email })).name).toMatch(/^Supabase user [0-9a-f]{8}$/);
  });

  test("has an account that nobody can sign up, sign in or ask for a password with", async () => {
    const { email } = await come(randomUUID());
    for (const [path, body] of [
      ["accounts", { name: "Mallory", email, password }],
      ["sessions", { email, password }],
      ["password-resets", { email }],
      ["email-verification", { email }],
    ] as const) {
      const answer = await t.call("POST", `/user/v1/${path}`, body, open);
      expect(answer.status, path).toBe(422);
    }
  });
});

describe("a link to an account that is there", () => {
  test("lets the Supabase user open it, once, and is taken away again", async () => {
    const email = await verified();
    const { account } = await signIn(email);
    const sub = randomUUID();
    await link(account.id, sub);
    await link(account.id, sub);
    expect(await come(sub)).toEqual({ id: account.id, name: "Ada", email });
    const links = await readLinks(ctx, account.id);
    expect(links).toEqual([
      {
        id: expect.stringMatching(/^acc_/),
        issuer: project.issuer,
        subject: sub,
        linkedAt: expect.any(Date),
      },
    ]);
    const id = links[0]?.id ?? "";
    await unlinkSupabase(ctx, { userId: account.id, id });
    await expect(unlinkSupabase(ctx, { userId: account.id, id })).rejects.toMatchObject({
      code: "not_found",
    });
    expect((await come(sub)).id).not.toBe(account.id);
    const rows = (await auditOf(account.id)).filter(({ action }) => /link/.test(String(action)));
    expect(rows.map(({ action, before, after }) => [action, before ?? after])).toEqual([
      ["account.link", { issuer: project.issuer, subject: sub }],
      ["account.unlink", { issuer: project.issuer, subject: sub }],
    ]);
  });

  test("is refused when it is another's, and with a token that is not good", async () => {
    const { account } = await signIn(await verified());
    const sub = randomUUID();
    const theirs = await come(sub);
    await expect(link(account.id, sub)).rejects.toMatchObject({ code: "conflict" });
    expect((await come(sub)).id).toBe(theirs.id);
    const token = await tokenOf(randomUUID(), { exp: 1 });
    await expect(linkSupabase({ ...ctx, supabase }, { userId: account.id, token })).rejects.toMatchObject({
      code: "unauthorized",
    });
    expect(await readLinks(ctx, account.id)).toEqual([]);
  });

  test("is made for one of two who want it at once", async () => {
    const two = await Promise.all([come(randomUUID()), come(randomUUID())]);
    const sub = randomUUID();
    const done = await Promise.allSettled(two.map(({ id }) => link(id, sub)));
    expect(done.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("stays while nothing else opens the account, and is nobody else's to take away", async () => {
    const { id } = await come(randomUUID());
    const [one] = await readLinks(ctx, id);
    const { account } = await signIn(await verified());
    await expect(unlinkSupabase(ctx, { userId: account.id, id: one?.id ?? "" })).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(unlinkSupabase(ctx, { userId: id, id: one?.id ?? "" })).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await readLinks(ctx, id)).toEqual([one]);
  });
});

describe("an account without an address", () => {
  const claim = (userId: string, email: string) => claimAddress(ctx, { userId, email });
  const codeFor = async (email: string) => codeIn(await catcher.take(email, /of your account/));

  test("gets the one whose mail its owner reads, then a password, and may go without Supabase", async () => {
    const sub = randomUUID();
    const { id } = await come(sub);
    const email = freshAddress();
    await claim(id, email);
    const code = await codeFor(email);
    await confirmAddress(ctx, { userId: id, code });
    await confirmAddress(ctx, { userId: id, code });
    expect((await come(sub)).email).toBe(email);
    await t.expect(202, "POST", "/user/v1/password-resets", { email }, open);
    const reset = codeIn(await catcher.take(email, /new password/));
    await t.expect(200, "PUT", "/user/v1/password", { code: reset, password }, open);
    expect((await signIn(email)).account.id).toBe(id);
    const [one] = await readLinks(ctx, id);
    await unlinkSupabase(ctx, { userId: id, id: one?.id ?? "" });
    expect((await signIn(email)).account.id).toBe(id);
    const actions = (await auditOf(id)).map(({ action }) => action);
    expect(actions).toEqual(
      expect.arrayContaining(["account.claim-address", "account.confirm-address", "account.unlink"]),
    );
    await expect(claim(id, freshAddress())).rejects.toMatchObject({ code: "conflict" });
    expect(logged()).not.toContain(code);
  });

  test("does not get it by another's code, an old one, or one for something else", async () => {
    const [mine, theirs] = await Promise.all([come(randomUUID()), come(randomUUID())]);
    const email = freshAddress();
    await claim(theirs.id, email);
    const code = await codeFor(email);
    const signedUp = freshAddress();
    await signUp(signedUp);
    const signUpCode = codeIn(await catcher.take(signedUp, /Confirm your/));
    const { secret } = await ctx.identity.$context;
    const exp = Math.floor(Date.now() / 1_000) + 600;
    const said = { sub: mine.id, address: email };
    const other = await signByHand(secret, { ...said, exp, aud: "something else" });
    const old = await signByHand(secret, { ...said, exp: exp - 601, aud: "berth:address" });
    for (const one of [code, signUpCode, other, old, `${code.slice(0, -3)}AAA`, "a.b.c", ""])
      await expect(confirmAddress(ctx, { userId: mine.id, code: one })).rejects.toMatchObject({
        code: "code_expired",
      });
    // Nor does it confirm somebody's sign-up.
    expect((await confirm(code)).status).toBe(410);
  });

  test("does not get one that is another's, whose owner is told", async () => {
    const { id, email: before } = await come(randomUUID());
    const email = await verified();
    await claim(id, email);
    await catcher.take(email, /already/);
    // It became another's after the code was sent.
    const later = freshAddress();
    await claim(id, later);
    const code = await codeFor(later);
    await signUp(later);
    await confirm(codeIn(await catcher.take(later, /Confirm your/)));
    await expect(confirmAddress(ctx, { userId: id, code })).rejects.toMatchObject({ code: "conflict" });
    const [row] = await t.rows("auth", "select email from users where id = $1", [id]);
    expect(row).toEqual({ email: before });
  });

  test("gets one that somebody signed up with and never confirmed, and their password opens nothing", async () => {
    const { id } = await come(randomUUID());
    const email = freshAddress();
    await signUp(email, { name: "Mallory", password: "mallory's password" });
    const theirs = codeIn(await catcher.take(email, /Confirm your/));
    await claim(id, email);
    await confirmAddress(ctx, { userId: id, code: await codeFor(email) });
    expect(await ownerOf(email)).toBe(id);
    expect((await confirm(theirs, "mallory's password")).status).toBe(410);
    const answer = await t.call("POST", "/user/v1/sessions", { email, password: "mallory's password" }, open);
    expect(answer.status).toBe(401);
  });

  test("is one of two who want it at once", async () => {
    const two = await Promise.all([come(randomUUID()), come(randomUUID())]);
    const email = freshAddress();
    const codes: string[] = [];
    for (const { id } of two) {
      await claim(id, email);
      codes.push(await codeFor(email));
    }
    const done = await Promise.allSettled(
      two.map(({ id }, n) => confirmAddress(ctx, { userId: id, code: codes[n] ?? "" })),
    );
    expect(done.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const { reason } = done.find((one) => one.status === "rejected") ?? {};
    expect(reason).toMatchObject({ code: "conflict" });
  });
});
