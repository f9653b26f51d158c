import { afterEach, describe, expect, test, vi } from "vitest";
import { as, codeIn, codeOf, open, password, people, withMail } from "./people.ts";
import { type Problem, withServices } from "./support.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const { challenge, secondFactor, signIn, verified } = people(t, mail);
const path = "/user/v1/two-factor";
const minuteMs = 60_000;

/** Stops the clock that codes are looked at by, some time from now. */
const at = (ms = 0) => vi.useFakeTimers({ now: Date.now() + ms, toFake: ["Date"] });
afterEach(() => void vi.useRealTimers());

const answer = (body: Record<string, string>) =>
  t.call("POST", "/user/v1/sessions/second-factor", body, open);
const status = async (body: Record<string, string>) => (await answer(body)).status;
const current = async (token: string) =>
  (await t.call("GET", "/user/v1/sessions/current", undefined, as(token))).status;
const isOn = async (token: string) =>
  (
    await t.expect<{ account: { twoFactor: boolean } }>(
      200,
      "GET",
      "/user/v1/sessions/current",
      undefined,
      as(token),
    )
  ).account.twoFactor;
const wrong = "000000";

/** An account with two factors, its session, and a clock that stands where the next code is a fresh one. */
async function withTwo() {
  at();
  const email = await verified();
  const { token, account } = await signIn(email);
  const { uri, backupCodes } = await secondFactor(token);
  at(minuteMs);
  return { email, token, id: account.id, uri, backupCodes, code: (steps = 0) => codeOf(uri, steps) };
}

describe("setting up", () => {
  test("takes the password and a code, and ends what was signed in without it", async () => {
    const email = await verified();
    const { token } = await signIn(email);
    const other = await signIn(email);
    const refused = await t.expect<Problem>(403, "POST", path, { password: "another one" }, as(token));
    expect(refused.code).toBe("wrong_password");
    const first = await t.expect<{ uri: string }>(201, "POST", path, { password }, as(token));
    const second = await t.expect<{ uri: string; secret: string; backupCodes: string[] }>(
      201,
      "POST",
      path,
      { password },
      as(token),
    );
    expect(second.uri).toMatch(/^otpauth:\/\/totp\/Berth:/);
    expect(second.uri).toContain(`secret=${second.secret}`);
    expect(second.backupCodes).toHaveLength(10);
    // Until it is confirmed nothing asks for it.
    expect(await isOn(token)).toBe(false);
    await signIn(email);
    const confirm = (code: string) => t.call("POST", `${path}/confirmation`, { code }, as(token));
    expect((await confirm(codeOf(first.uri))).status).toBe(403);
    expect((await confirm(codeOf(second.uri))).status).toBe(200);
    expect(await isOn(token)).toBe(true);
    expect(await current(other.token)).toBe(401);
    expect((await confirm(codeOf(second.uri, 1))).status).toBe(409);
    await t.expect(409, "POST", path, { password }, as(token));
    const kept = JSON.stringify(await t.rows("auth", "select t.*, a.* from two_factors t, audit a"));
    for (const secret of [second.secret, ...second.backupCodes]) {
      expect(kept).not.toContain(secret);
      expect(t.logged()).not.toContain(secret);
    }
  });

  test("cannot be confirmed, renewed or removed where nothing was begun", async () => {
    const { token } = await signIn(await verified());
    await t.expect(409, "POST", `${path}/confirmation`, { code: wrong }, as(token));
    await t.expect(409, "POST", `${path}/backup-codes`, { password, code: wrong }, as(token));
    await t.expect(409, "DELETE", path, { password, code: wrong }, as(token));
  });

  test("is for the person alone: neither a key nor staff who act as them", async () => {
    const { token, account } = await signIn(await verified());
    await t.expect(403, "POST", path, { password });
    await t.rows("auth", "update sessions set impersonated_by = $1 where token = $2", [t.staff.user, token]);
    await t.expect(403, "POST", path, { password }, as(token));
    expect(await t.rows("auth", "select from two_factors where user_id = $1", [account.id])).toEqual([]);
  });

  test("twice at once leaves one that works", async () => {
    const { token } = await signIn(await verified());
    const begin = () => t.expect<{ uri: string }>(201, "POST", path, { password }, as(token));
    const made = await Promise.all([begin(), begin()]);
    const answers = [];
    for (const { uri } of made) {
      const body = { code: codeOf(uri) };
      answers.push((await t.call("POST", `${path}/confirmation`, body, as(token))).status);
    }
    expect(answers.filter((one) => one === 200)).toHaveLength(1);
  });
});

describe("signing in", () => {
  test("takes both: the password gives a challenge and no session, the code gives the session", async () => {
    const { email, id, token, code } = await withTwo();
    const response = await t.call("POST", "/user/v1/sessions", { email, password }, open);
    expect(response.status).toBe(202);
    expect(response.headers.getSetCookie()).toEqual([]);
    const body = (await response.json()) as { challenge: string; expiresAt: string };
    expect(Object.keys(body).toSorted()).toEqual(["challenge", "expiresAt"]);
    expect(Date.parse(body.expiresAt)).toBe(Date.now() + 10 * minuteMs);
    const sessions = () => t.rows("auth", "select token from sessions where user_id = $1", [id]);
    expect(await sessions()).toEqual([{ token }]);
    expect(await current(body.challenge)).toBe(401);

    const refused = await answer({ challenge: body.challenge, code: wrong });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: "wrong_code" });
    const done = await answer({ challenge: body.challenge, code: code() });
    expect(done.status).toBe(201);
    expect(done.headers.getSetCookie()).toEqual([]);
    const begun = (await done.json()) as { token: string; account: unknown };
    expect(begun.account).toEqual({ id, name: "Ada", email });
    expect(await isOn(begun.token)).toBe(true);
    expect(await sessions()).toHaveLength(2);
    // Once only.
    expect(await status({ challenge: body.challenge, code: code(1) })).toBe(410);
    const kept = JSON.stringify(await t.rows("auth", "select * from verifications"));
    expect(kept).not.toContain(body.challenge);
  });

  test("says nothing of the second factor to who does not know the password", async () => {
    const { email } = await withTwo();
    const body = { email, password: "another one" };
    expect(await t.expect<Problem>(401, "POST", "/user/v1/sessions", body, open)).toMatchObject({
      code: "sign_in_refused",
    });
  });

  test("takes a clock that is off by one step either way, not by two, and no code twice or backwards", async () => {
    const { email, code } = await withTwo();
    at(10 * minuteMs);
    const first = await challenge(email);
    for (const steps of [-2, 2]) expect(await status({ challenge: first, code: code(steps) })).toBe(403);
    expect(await status({ challenge: first, code: code(-1) })).toBe(201);
    const second = await challenge(email);
    expect(await status({ challenge: second, code: code(-1) })).toBe(403);
    expect(await status({ challenge: second, code: code(1) })).toBe(201);
    expect(await status({ challenge: await challenge(email), code: code() })).toBe(403);
  });

  test("does not take the code again that confirmed the second factor", async () => {
    at();
    const email = await verified();
    const { uri } = await secondFactor((await signIn(email)).token);
    expect(await status({ challenge: await challenge(email), code: codeOf(uri) })).toBe(403);
    expect(await status({ challenge: await challenge(email), code: codeOf(uri, 1) })).toBe(201);
  });

  test("takes one of two who show the same code, or the same challenge, at the same moment", async () => {
    const { email, code } = await withTwo();
    const challenges = await Promise.all([challenge(email), challenge(email)]);
    const same = await Promise.all(challenges.map((one) => status({ challenge: one, code: code() })));
    expect(same.toSorted()).toEqual([201, 403]);
    at(minuteMs);
    const one = await challenge(email);
    const both = await Promise.all([code(), code(1)].map((it) => status({ challenge: one, code: it })));
    expect(both.filter((it) => it === 201)).toHaveLength(1);
  });

  test("is to be finished within ten minutes, by a challenge of ours", async () => {
    const { email, uri } = await withTwo();
    const one = await challenge(email);
    at(10 * minuteMs + 1);
    expect(await status({ challenge: one, code: codeOf(uri) })).toBe(410);
    expect(await status({ challenge: `2fa-${"x".repeat(20)}`, code: codeOf(uri) })).toBe(410);
    for (const other of ["", "x", `2fa-attempts-${one}`, `${one}.x`, `reset-password:${one}`]) {
      expect(await status({ challenge: other, code: codeOf(uri) }), other).toBe(422);
    }
    for (const code of ["", "12345", "1234567", "١٢٣٤٥٦", "12345\n"]) {
      expect(await status({ challenge: one, code }), code).toBe(422);
    }
  });
});

describe("backup codes", () => {
  test("work once each, also when one is used twice at the same moment", async () => {
    const { email, backupCodes } = await withTwo();
    const [first = "", second = ""] = backupCodes;
    const challenges = await Promise.all([challenge(email), challenge(email)]);
    const answers = await Promise.all(challenges.map((one) => status({ challenge: one, backupCode: first })));
    expect(answers.toSorted()).toEqual([201, 403]);
    const next = await challenge(email);
    expect(await status({ challenge: next, backupCode: first })).toBe(403);
    expect(await status({ challenge: next, backupCode: second })).toBe(201);
  });

  test("are made anew by the password and a code, and the old ones are void", async () => {
    const { email, token, backupCodes, code } = await withTwo();
    const renew = (body: Record<string, string>) => t.call("POST", `${path}/backup-codes`, body, as(token));
    expect((await renew({ password: "another one", code: code() })).status).toBe(403);
    expect((await renew({ password, code: wrong })).status).toBe(403);
    // Neither has used the code up.
    const renewed = await renew({ password, code: code() });
    expect(renewed.status).toBe(200);
    const news = ((await renewed.json()) as { backupCodes: string[] }).backupCodes;
    expect(news).toHaveLength(10);
    expect((await renew({ password, code: code() })).status).toBe(403);
    const one = await challenge(email);
    expect(await status({ challenge: one, backupCode: backupCodes[0] ?? "" })).toBe(403);
    expect(await status({ challenge: one, backupCode: news[0] ?? "" })).toBe(201);
  });
});

describe("wrong codes", () => {
  /** Answers from somewhere: the tests' own address is nowhere. */
  async function statusFrom(remoteAddress: string, body: Record<string, string>): Promise<number> {
    const request = new Request("http://localhost/user/v1/sessions/second-factor", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await t.services.fetch(request, { incoming: { socket: { remoteAddress } } })).status;
  }

  test("ten, over however many challenges, and none is looked at any more from there", async () => {
    const { email, token, backupCodes, code } = await withTwo();
    for (let n = 0; n < 10; n++) {
      const one = await challenge(email);
      expect(
        await status({ challenge: one, ...(n % 2 ? { code: wrong } : { backupCode: "aaaaa-aaaaa" }) }),
      ).toBe(403);
    }
    const one = await challenge(email);
    const locked = await answer({ challenge: one, code: code() });
    expect(locked.status).toBe(429);
    expect(Number(locked.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await status({ challenge: one, backupCode: backupCodes[0] ?? "" })).toBe(429);
    await t.expect(429, "DELETE", path, { password, code: code() }, as(token));
    // Who is signed in stays so, and elsewhere the owner signs in.
    expect(await isOn(token)).toBe(true);
    expect(await statusFrom("192.0.2.77", { challenge: one, code: code() })).toBe(201);
  });

  test("at once are all counted", async () => {
    const { email, code } = await withTwo();
    const one = await challenge(email);
    const many = Array.from({ length: 15 }, () => status({ challenge: one, code: wrong }));
    const answers = await Promise.all(many);
    expect(answers.filter((it) => it === 403)).toHaveLength(10);
    expect(await status({ challenge: one, code: code() })).toBe(429);
  });

  test("are not to be had without the password, so that no stranger locks the owner out", async () => {
    const { email, token, code } = await withTwo();
    for (let n = 0; n < 5; n++) {
      expect(await status({ challenge: `2fa-${`${n}`.repeat(20)}`, code: wrong })).toBe(410);
      await t.expect(401, "POST", "/user/v1/sessions", { email, password: "another one" }, open);
    }
    // Nor by somebody who has got hold of a session, who cannot guess the password on and on either.
    const remove = async () =>
      (await t.call("DELETE", path, { password: "another one", code: wrong }, as(token))).status;
    for (let n = 0; n < 5; n++) expect(await remove()).toBe(403);
    expect(await remove()).toBe(429);
    const elsewhere = { challenge: await challengeFrom("192.0.2.78", email), code: code() };
    expect(await statusFrom("192.0.2.78", elsewhere)).toBe(201);
  });

  async function challengeFrom(remoteAddress: string, email: string): Promise<string> {
    const request = new Request("http://localhost/user/v1/sessions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email, password }),
    });
    const response = await t.services.fetch(request, { incoming: { socket: { remoteAddress } } });
    return ((await response.json()) as { challenge: string }).challenge;
  }
});

describe("removing", () => {
  test("takes the password and a code: a session and the password are not enough", async () => {
    const { email, token, backupCodes, code } = await withTwo();
    const remove = async (body: Record<string, string>) =>
      (await t.call("DELETE", path, body, as(token))).status;
    expect(await remove({ password })).toBe(422);
    expect(await remove({ password, code: wrong })).toBe(403);
    expect(await remove({ password: "another one", code: code() })).toBe(403);
    await challenge(email);
    expect(await remove({ password, backupCode: backupCodes[3] ?? "" })).toBe(204);
    expect(await isOn(token)).toBe(false);
    await signIn(email);
    // Another one may be set up.
    at(minuteMs);
    await secondFactor(token);
    expect(await isOn(token)).toBe(true);
  });

  test("leaves nothing that a sign-in begun before could be finished by", async () => {
    const { email, token, code } = await withTwo();
    const one = await challenge(email);
    await t.call("DELETE", path, { password, code: code() }, as(token));
    expect(await status({ challenge: one, code: code(1) })).toBe(410);
  });
});

test("a password that is replaced by mail leaves the second factor, and a challenge for the old one is void", async () => {
  const { email, code } = await withTwo();
  const before = await challenge(email);
  await t.expect(202, "POST", "/user/v1/password-resets", { email }, open);
  const mailed = codeIn(await mail.catcher.take(email, /Set a new password/));
  const next = "a quite different one";
  await t.expect(200, "PUT", "/user/v1/password", { code: mailed, password: next }, open);
  expect(await status({ challenge: before, code: code() })).toBe(410);
  expect(await status({ challenge: await challenge(email, next), code: code() })).toBe(201);
});
