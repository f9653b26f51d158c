import { beforeEach, describe, expect, test } from "vitest";
import { BerthError } from "../../control-plane/errors.ts";
import { requestPasswordReset } from "../../control-plane/user/account/request-password-reset.ts";
import { resetPassword } from "../../control-plane/user/account/reset-password.ts";
import { signInRefused } from "../../control-plane/user/refusal.ts";
import type { Attempt, FailedSignIns } from "../../control-plane/user/session/failed-sign-ins.ts";
import { type Process, signIn, withIdentities } from "./identities.ts";
import { codeIn, freshAddress, password } from "./people.ts";

const t = await withIdentities();
const home = "192.0.2.10";
const attacker = "198.51.100.1";

beforeEach(async () => {
  await t.redis.command("flushall");
});

function failuresOf({ ctx }: Process): FailedSignIns {
  if (!ctx.failures) throw new Error("The process counts no failures.");
  return ctx.failures;
}
/** What one try ends with: `in`, or a problem's code. */
async function attempt(
  { account, origin = attacker, kind = "password" }: Partial<Attempt> & { account: string },
  isRight = false,
  process = t.one,
): Promise<string> {
  const work = async () => {
    if (!isRight) throw signInRefused();
    return "in";
  };
  return failuresOf(process).guard({ account, origin, kind }, work).catch(codeOf);
}
function codeOf(error: unknown): string {
  if (error instanceof BerthError) return error.code;
  throw error;
}
const wrong = "sign_in_refused";
const locked = "too_many_requests";
async function fail(times: number, what: Parameters<typeof attempt>[0], process = t.one) {
  for (let n = 0; n < times; n += 1) expect(await attempt(what, false, process), `try ${n + 1}`).toBe(wrong);
}
/** A hundred failures, no more than a few from one address. */
async function attackFromEverywhere(account: string, kind: Attempt["kind"] = "password") {
  for (let n = 0; n < 100; n += 1)
    expect(await attempt({ account, origin: `203.0.113.${n}`, kind })).toBe(wrong);
}

describe("ten failures", () => {
  test("lock an account for the address they came from, and for no other", async () => {
    const email = await t.verified();
    const from = (origin: string, secret: string) => signIn(t.one.from(origin), { email, password: secret });
    for (let n = 0; n < 10; n += 1)
      await expect(from(attacker, "wrong")).rejects.toMatchObject({ code: wrong });
    const refused = await from(attacker, password).catch((error) => error);
    expect(refused).toMatchObject({ code: locked, status: 429 });
    const after = Number(refused.headers["Retry-After"]);
    expect(after).toBeGreaterThan(14 * 60);
    expect(after).toBeLessThanOrEqual(15 * 60);
    expect((await from(home, password)).account.email).toBe(email);
  });

  test("say the same of an account that is not there", async () => {
    const tell = async (email: string) => {
      const said: unknown[] = [];
      for (let n = 0; n < 12; n += 1) {
        const error = await signIn(t.one.from(attacker), { email, password: "wrong" }).catch((e) => e);
        const { code, status, message, headers } = error as BerthError;
        said.push({ code, status, message: message.replace(/\d+/, "N"), headers: Object.keys(headers) });
      }
      return said;
    };
    const known = await tell(await t.verified());
    expect(known.at(9)).toMatchObject({ code: wrong });
    expect(known.at(10)).toMatchObject({ code: locked });
    expect(await tell(freshAddress())).toEqual(known);
  });

  test("are counted by all processes together, and many at once are no way around", async () => {
    const account = freshAddress();
    const codes = await Promise.all(
      Array.from({ length: 40 }, (_, n) => attempt({ account }, false, n % 2 ? t.one : t.other)),
    );
    expect(codes.filter((code) => code === wrong)).toHaveLength(10);
    expect(codes.filter((code) => code === locked)).toHaveLength(30);
  });

  test("are failures only: neither success nor what is nobody's fault counts", async () => {
    const account = freshAddress();
    const broken = () =>
      failuresOf(t.one).guard({ kind: "password", account, origin: attacker }, async () => {
        throw new BerthError("database_unavailable", "away");
      });
    for (let n = 0; n < 12; n += 1)
      await expect(broken()).rejects.toMatchObject({ code: "database_unavailable" });
    await fail(9, { account });
    expect(await attempt({ account }, true)).toBe("in");
    await fail(10, { account });
    expect(await attempt({ account }, true)).toBe(locked);
  });

  test("from one IPv6 network are one address's; a second factor is counted apart", async () => {
    const account = freshAddress();
    for (let n = 0; n < 10; n += 1) await fail(1, { account, origin: `2001:db8::${n + 1}` });
    expect(await attempt({ account, origin: "2001:db8::ffff" })).toBe(locked);
    await fail(10, { account, origin: "2001:db8::1", kind: "second-factor" });
    expect(await attempt({ account, origin: "2001:db8::1", kind: "second-factor" }, true)).toBe(locked);
  });
});

describe("a hundred failures from everywhere", () => {
  test("lock an account for addresses it is not used from, and not for the owner's", async () => {
    const account = freshAddress();
    expect(await attempt({ account, origin: home }, true)).toBe("in");
    await attackFromEverywhere(account);
    expect(await attempt({ account, origin: "203.0.113.200" }, true)).toBe(locked);
    for (let n = 0; n < 12; n += 1)
      expect(await attempt({ account, origin: home }, true, t.other)).toBe("in");
    // At home a few mistakes are allowed as ever.
    await fail(10, { account, origin: home });
    expect(await attempt({ account, origin: home }, true)).toBe(locked);
  });

  test("take more than one address: what is refused does not count", async () => {
    const account = freshAddress();
    await fail(10, { account });
    for (let n = 0; n < 120; n += 1) expect(await attempt({ account })).toBe(locked);
    expect(await attempt({ account, origin: "203.0.113.200" }, true)).toBe("in");
  });

  test("end with a password that is set by mail, and the place where that was done is known", async () => {
    const email = await t.verified();
    await attackFromEverywhere(email);
    const away = t.one.from("203.0.113.200");
    const next = "a quite different one";
    await expect(signIn(away, { email, password })).rejects.toMatchObject({ code: locked });
    await requestPasswordReset(away, email);
    const code = codeIn(await t.mail.catcher.take(email, /password/i));
    await resetPassword(away, { code, password: next });
    await attackFromEverywhere(email);
    expect((await signIn(away, { email, password: next })).account.email).toBe(email);
    await expect(signIn(t.one.from("203.0.113.201"), { email, password: next })).rejects.toMatchObject({
      code: locked,
    });
  });

  test("are not softened at the second factor for whoever has the password", async () => {
    const account = freshAddress();
    expect(await attempt({ account, origin: "203.0.113.200" }, true)).toBe("in");
    await attackFromEverywhere(account, "second-factor");
    expect(await attempt({ account, origin: "203.0.113.200", kind: "second-factor" })).toBe(locked);
  });
});

test("Redis does not hold who tried, or from where", async () => {
  const account = freshAddress();
  await fail(1, { account });
  expect(await attempt({ account, origin: home }, true)).toBe("in");
  const dump = await t.redis.dump();
  expect(dump).toMatch(/^berth:known:/m);
  for (const who of [account, "acme", home, attacker]) expect(dump).not.toContain(who);
});

test("while Redis is away each process counts for itself, and knows the addresses it has seen", async () => {
  const account = freshAddress();
  const far = freshAddress();
  expect(await attempt({ account: far, origin: home }, true)).toBe("in");
  await t.redis.stop();
  try {
    await fail(10, { account });
    expect(await attempt({ account }, true)).toBe(locked);
    await fail(10, { account }, t.other);
    expect(await attempt({ account, origin: home }, true)).toBe("in");
    await attackFromEverywhere(far);
    expect(await attempt({ account: far, origin: "203.0.113.200" }, true)).toBe(locked);
    expect(await attempt({ account: far, origin: home }, true)).toBe("in");
  } finally {
    await t.redis.start();
  }
});
