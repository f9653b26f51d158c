import { beforeEach, describe, expect, test } from "vitest";
import { withClient } from "../../control-plane/database.ts";
import { until } from "../../control-plane/until.ts";
import { requestPasswordReset } from "../../control-plane/user/account/request-password-reset.ts";
import { resetPassword } from "../../control-plane/user/account/reset-password.ts";
import { signOut } from "../../control-plane/user/session/sign-out.ts";
import { signIn, withIdentities } from "./identities.ts";
import { codeIn, password } from "./people.ts";

const t = await withIdentities();
const wait = { deadlineMs: 20_000, everyMs: 20 };

/** A session that both processes have a copy of, and its account. */
async function copied() {
  const email = await t.verified();
  const { token, account } = await signIn(t.one.ctx, { email, password });
  const rowless = async () => {
    await t.one.who(token);
    return isCopied(token);
  };
  await until(rowless, { what: "the session to be copied", ...wait });
  return { email, token, id: account.id };
}
/** Whether a token leads somewhere without PostgreSQL being asked, in both processes. */
async function isCopied(token: string): Promise<boolean> {
  const texts = [t.one, t.other].map(({ copies }) => copies.through(token, async () => undefined));
  return (await Promise.all(texts)).every((text) => text !== undefined);
}
async function out(token: string) {
  const session = await t.one.session(token);
  if (!session) throw new Error("There is no such session.");
  await signOut(t.one.ctx, session);
}
async function setNewPassword(email: string) {
  await requestPasswordReset(t.one.ctx, email);
  const code = codeIn(await t.mail.catcher.take(email, /password/i));
  await resetPassword(t.one.ctx, { code, password: "a quite different one" });
}
async function nobody(token: string) {
  expect([await t.one.who(token), await t.other.who(token)]).toEqual([undefined, undefined]);
}
/** Refused now, and after Redis is used again. */
async function refusedForGood(...tokens: string[]) {
  for (const token of tokens) await nobody(token);
  await copied();
  for (const token of tokens) await nobody(token);
}
const copies = async () => (await t.redis.dump()).match(/:session:/g)?.length ?? 0;

beforeEach(async () => {
  await t.redis.command("flushall");
});

describe("while Redis is there", () => {
  test("sessions are read from it, and it hands out none", async () => {
    const { token, id } = await copied();
    await t.databases.server.sql("delete from sessions where user_id = $1", [id], t.databases.names.auth);
    expect([await t.one.who(token), await t.other.who(token)]).toEqual([id, id]);
    const dump = await t.redis.dump();
    expect(dump).toContain(id);
    for (const secret of [token, password]) expect(dump).not.toContain(secret);
    for (const key of dump.matchAll(/^\S+/gm)) expect(key[0]).toMatch(/^berth:/);
    expect(await t.redis.command("ttl", /\S+:session:\S+/.exec(dump)?.[0] ?? "")).toBeLessThanOrEqual(60);
  });

  test("a session ends in all processes with the sign-out", async () => {
    const { token } = await copied();
    await out(token);
    await nobody(token);
    expect(await isCopied(token)).toBe(false);
  });

  /** Holds a session's row, has something done to it, reads it meanwhile, and lets go. */
  async function readMeanwhile({ token, id }: { token: string; id: string }, change: () => Promise<unknown>) {
    const { server, names } = t.databases;
    await withClient(server.login("postgres", names.auth), "test", async (client) => {
      await client.query("begin");
      await client.query("select from sessions where user_id = $1 for update", [id]);
      const changing = change();
      const waiting =
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
      await until(async () => (await server.sql(waiting, [], names.auth)).length > 0, {
        what: "the change to wait for the session",
        ...wait,
      });
      // It is there still, as it was, so it is read and copied.
      expect(await t.other.who(token)).toBe(id);
      expect(await isCopied(token)).toBe(true);
      await client.query("commit");
      await changing;
    });
    expect(await isCopied(token)).toBe(false);
  }

  test("a session that is copied in the moment of its end or change is forgotten with that", async () => {
    const session = await copied();
    const { internalAdapter } = await t.one.ctx.identity.$context;
    await readMeanwhile(session, () => internalAdapter.updateSession(session.token, { userAgent: "new" }));
    expect((await internalAdapter.findSession(session.token))?.session.userAgent).toBe("new");
    await readMeanwhile(session, () => out(session.token));
    await nobody(session.token);
  });

  test("a session that is read while it ends is not copied", async () => {
    const { token, id } = await copied();
    await t.one.copies.forget(token);
    const record = { userId: id, expiresAt: new Date(Date.now() + 60_000), text: "{}" };
    for (const end of [() => t.other.copies.forget(token), () => t.other.copies.forgetUser(id)]) {
      const read = t.one.copies.through(token, async () => {
        await end();
        return record;
      });
      expect(await read).toBe("{}");
      expect(await isCopied(token)).toBe(false);
    }
    await t.one.copies.through(token, async () => record);
    expect(await isCopied(token)).toBe(true);
    await t.other.copies.forgetUser(id);
    expect(await isCopied(token)).toBe(false);
  });

  test("all sessions of somebody end, however many, and whatever Redis has lost", async () => {
    const { email, token, id } = await copied();
    const { server, names } = t.databases;
    await server.sql(
      `insert into sessions (id, token, user_id, expires_at)
         select 'ses_many' || n, 'token' || n, $1, now() + interval '7 days' from generate_series(1, 150) n`,
      [id],
      names.auth,
    );
    const { internalAdapter } = await t.one.ctx.identity.$context;
    expect(await internalAdapter.listSessions(id)).toHaveLength(151);
    const tokens = [token, ...Array.from({ length: 150 }, (_, n) => `token${n + 1}`)];
    for (const one of tokens) expect(await t.other.who(one)).toBe(id);
    for (const one of tokens) expect(await isCopied(one)).toBe(true);
    await setNewPassword(email);
    for (const one of tokens) expect(await t.other.who(one)).toBeUndefined();
    expect(await server.sql("select 1 from sessions where user_id = $1", [id], names.auth)).toEqual([]);
  });

  test("a new name is told at once", async () => {
    const { token, id } = await copied();
    const { internalAdapter } = await t.one.ctx.identity.$context;
    await internalAdapter.updateUser(id, { name: "Augusta" });
    const seen = await t.other.session(token);
    expect(seen?.account.name).toBe("Augusta");
  });
});

test("a Redis that was flushed logs nobody out, and is filled again", async () => {
  const { token, id } = await copied();
  await t.redis.command("flushall");
  expect(await isCopied(token)).toBe(false);
  expect([await t.one.who(token), await t.other.who(token)]).toEqual([id, id]);
  expect(await isCopied(token)).toBe(true);
});

describe("while Redis is away", () => {
  const whileAway = async (work: () => Promise<void>) => {
    await t.redis.stop();
    try {
      await work();
    } finally {
      await t.redis.start();
    }
    // Without having been asked for anything meanwhile.
    const areBack = () => [t.one, t.other].every(({ redis }) => redis.client.status === "ready");
    await until(areBack, { what: "Redis to be connected again", ...wait, everyMs: 1 });
  };

  test("sessions go on, begin and end", async () => {
    const { email, token, id } = await copied();
    await whileAway(async () => {
      expect([await t.one.who(token), await t.other.who(token)]).toEqual([id, id]);
      const late = t.start();
      expect(await late.who(token)).toBe(id);
      const next = await signIn(late.ctx, { email, password });
      expect(await t.one.who(next.token)).toBe(id);
      await out(next.token);
      await nobody(next.token);
    });
    expect([await t.one.who(token), await t.other.who(token)]).toEqual([id, id]);
  });

  test("who signed out stays signed out when it comes back with the copy", async () => {
    const { token } = await copied();
    await whileAway(() => out(token));
    expect(await copies()).toBeGreaterThan(0);
    await refusedForGood(token);
  });

  test("so does who signed out by a process that is gone since", async () => {
    const late = t.start();
    const { token } = await copied();
    const readsCopies = async () => {
      await late.who(token);
      return (await late.copies.through(token, async () => undefined)) !== undefined && isCopied(token);
    };
    await until(readsCopies, { what: "the new process to read copies", ...wait });
    await whileAway(async () => {
      const session = await late.session(token);
      if (!session) throw new Error("There is no such session.");
      await signOut(late.ctx, session);
      await late.stop();
    });
    expect(await copies()).toBeGreaterThan(0);
    await refusedForGood(token);
  });

  test("a new password ends all sessions, when it comes back too", async () => {
    const { email, token } = await copied();
    const second = (await signIn(t.other.ctx, { email, password })).token;
    await t.other.who(second);
    expect(await isCopied(second)).toBe(true);
    await whileAway(async () => {
      await setNewPassword(email);
      await nobody(token);
      await nobody(second);
    });
    expect(await copies()).toBeGreaterThan(0);
    await refusedForGood(token, second);
  });

  test("a Redis that does not answer is no different, and is not waited for long", async () => {
    const { token, id } = await copied();
    const ended = await copied();
    await t.redis.pause();
    try {
      const from = performance.now();
      expect(await t.one.who(token)).toBe(id);
      await out(ended.token);
      expect(performance.now() - from).toBeLessThan(5_000);
    } finally {
      await t.redis.resume();
    }
    await refusedForGood(ended.token);
    expect(await t.other.who(token)).toBe(id);
  });
});
