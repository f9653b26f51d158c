import { createPublicKey, createSign, KeyObject, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type BerthError, isBerthError } from "../../control-plane/errors.ts";
import { openSupabase } from "../../control-plane/user/supabase/open.ts";
import { createSupabase, type Supabase } from "../../control-plane/user/supabase/verify.ts";
import {
  jwtSecret,
  now,
  type ProjectKey,
  signByHand,
  signWith,
  supabaseProject,
} from "./supabase-project.ts";
import { captureLog } from "./support.ts";

const project = await supabaseProject();
const { claims } = project;
const { log, text: logged } = captureLog();
const open = (secret?: string) => createSupabase({ url: project.url, secret, log });
let supabase: Supabase;
let key: ProjectKey;

beforeEach(async () => {
  Object.assign(project, { published: [], fetches: 0, away: false, answer: undefined });
  key = await project.newKey();
  supabase = open();
});
afterEach(() => void vi.useRealTimers());

/** Seconds from now: what the clock says from then on. */
const later = (seconds: number) =>
  void vi.useFakeTimers({ now: Date.now() + seconds * 1_000, toFake: ["Date"] });

async function refused(token: string, by: Supabase = supabase): Promise<BerthError> {
  const error = await by.verify(token).then(
    () => undefined,
    (cause) => cause,
  );
  if (!isBerthError(error)) throw new Error("It was not refused as it should be.", { cause: error });
  expect(error.code).toBe("unauthorized");
  expect(error.status).toBe(401);
  return error;
}

describe("a token of a signed-in user is accepted", () => {
  test.each(["ES256", "RS256", "EdDSA"])("signed with a published key, by %s", async (alg) => {
    const one = await project.newKey(alg);
    const sub = randomUUID();
    expect(await supabase.verify(await signWith(one, claims({ sub })))).toEqual({
      issuer: project.issuer,
      subject: sub,
      email: "ada@acme.example",
    });
  });

  test("signed with the secret, without asking for keys; and published keys go on beside it", async () => {
    const legacy = open(jwtSecret);
    expect((await legacy.verify(await signByHand(jwtSecret, claims()))).issuer).toBe(project.issuer);
    expect(project.fetches).toBe(0);
    await legacy.verify(await signWith(key, claims()));
  });

  test("by somebody who has a phone and no address", async () => {
    expect((await supabase.verify(await signWith(key, claims({ email: "" })))).email).toBeUndefined();
  });

  test("while two clocks differ by seconds only", async () => {
    await supabase.verify(await signWith(key, claims({ exp: now() - 3 })));
    await supabase.verify(await signWith(key, claims({ iat: now() + 3, nbf: now() + 3 })));
  });
});

describe("a token is refused with the same words", () => {
  const cases: Array<[string, Record<string, unknown>]> = [
    ["that has expired", { exp: now() - 60 }],
    ["that is not valid yet", { nbf: now() + 60 }],
    ["from the future", { iat: now() + 60 }],
    ["that never ends", { exp: undefined }],
    ["with an end that is no number", { exp: "never" }],
    ["that does not say when it was issued", { iat: undefined }],
    ["of ten years", { iat: now() - 8 * 86_400, exp: now() + 3_650 * 86_400 }],
    ["of another project", { iss: "https://other.supabase.co/auth/v1" }],
    ["of an issuer that begins like ours", { iss: `${project.issuer}/` }],
    ["of nobody", { iss: undefined }],
    ["for another audience", { aud: "anon" }],
    ["for no audience", { aud: undefined }],
    ["of the anonymous key", { role: "anon" }],
    ["of the service key", { role: "service_role" }],
    ["without a role", { role: undefined }],
    ["of somebody anonymous", { is_anonymous: true }],
    ["given to another application", { client_id: randomUUID() }],
    ["of 20 kB", { user_metadata: { about: "x".repeat(20_000) } }],
    ["without a subject", { sub: undefined }],
    ["whose subject is no UUID", { sub: "ada@acme.example" }],
  ];
  test.each(cases)("%s", async (_what, more) => {
    const error = await refused(await signWith(key, claims(more)));
    expect(error.message).toBe((await refused("a.b.c")).message);
    expect(error.headers["WWW-Authenticate"]).toMatch(/^Bearer /);
    expect(logged()).toContain("a Supabase token was refused");
  });

  test("and the log says which check failed, and nothing of the token", async () => {
    const token = await signWith(key, claims({ role: "service_role" }));
    await refused(token);
    expect(logged().split("\n").at(-2)).toContain("role");
    expect(logged()).not.toContain(token.split(".")[2]);
  });

  test("beyond the seconds that two clocks may differ by", async () => {
    await refused(await signWith(key, claims({ exp: now() - 6 })));
    await refused(await signWith(key, claims({ nbf: now() + 8 })));
    const token = await signWith(key, claims());
    later(3_600 + 6);
    await refused(token);
  });

  test("cut, changed, swapped, or no token at all", async () => {
    const token = await signWith(key, claims());
    const [head = "", payload = "", signature = ""] = token.split(".");
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const other = (await signWith(key, claims())).split(".");
    for (const one of [
      token.slice(0, -2),
      `${head}.${payload}`,
      `${head}.${payload}.`,
      `${head}.${part(claims({ sub: randomUUID() }))}.${signature}`,
      `${head}.${payload}.${other[2]}`,
      `${token}.x`,
      "",
      "...",
      "\u0000",
      `${part(null)}.${part(null)}.x`,
      `${head}.${part("x".repeat(1_000_000))}.${signature}`,
    ])
      await refused(one);
    await supabase.verify(token);
  });

  test.each(["none", "None", "NONE", "nOnE", ""])("with the algorithm %j", async (alg) => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    for (const kid of [key.jwk.kid, undefined])
      for (const one of [supabase, open(jwtSecret)]) {
        await refused(`${part({ alg, kid })}.${part(claims())}.`, one);
        await refused(`${part({ alg, kid })}.${part(claims())}.c2lnbmVk`, one);
      }
  });

  test("signed with a public key as if it were a secret", async () => {
    const one = await project.newKey("RS256");
    const pem = createPublicKey({ key: { ...one.jwk }, format: "jwk" })
      .export({ type: "spki", format: "pem" })
      .toString();
    for (const text of [pem, pem.trim(), JSON.stringify(one.jwk), one.jwk.n ?? ""])
      for (const by of [supabase, open(jwtSecret)])
        for (const kid of [one.jwk.kid, undefined])
          await refused(await signByHand(text, claims(), { kid }), by);
    const bytes = Buffer.from(one.jwk.n ?? "", "base64url");
    await refused(await signByHand(bytes, claims(), { kid: one.jwk.kid }));
  });

  test("signed with the secret where none is set, with another one, or with a published secret", async () => {
    await refused(await signByHand(jwtSecret, claims()));
    await refused(await signByHand(`${jwtSecret}2`, claims()), open(jwtSecret));
    const kid = randomUUID();
    const k = Buffer.from(jwtSecret).toString("base64url");
    project.published.push({ kty: "oct", k, kid, alg: "HS256" });
    await refused(await signByHand(jwtSecret, claims(), { kid }));
    for (const alg of ["HS384", "HS512"])
      await refused(
        await signByHand(`${jwtSecret}${jwtSecret}`, claims(), { alg }),
        open(jwtSecret.repeat(2)),
      );
  });

  test("signed by an algorithm that is not one of the three, or another than the key's", async () => {
    await refused(await signWith(await project.newKey("PS256"), claims()));
    const rsa = await project.newKey("RS256");
    await refused(await signWith({ ...key, jwk: { ...key.jwk, kid: rsa.jwk.kid } }, claims()));
  });

  test("that brings its own key, or names one elsewhere", async () => {
    const mallory = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(mallory.publicKey);
    const elsewhere = await supabaseProject();
    elsewhere.published.push({ ...jwk, kid: String(key.jwk.kid), alg: "ES256" });
    const url = `${elsewhere.issuer}/.well-known/jwks.json`;
    const their = { alg: "ES256", privateKey: mallory.privateKey, jwk: { ...jwk, kid: key.jwk.kid } };
    for (const header of [{ jwk }, { jku: url }, { x5u: url }, { jwk, jku: url, x5u: url, x5c: ["AAAA"] }])
      await refused(await signWith(their, claims(), header));
    expect(elsewhere.fetches).toBe(0);
    // Ours, with a header that says something else, is still ours.
    await supabase.verify(await signWith(key, claims(), { jku: url }));
    expect(elsewhere.fetches).toBe(0);
  });

  test("whose header says that something unknown must be understood", async () => {
    const payload = Buffer.from(JSON.stringify(claims())).toString("base64url");
    const signed = (more: Record<string, unknown>) => {
      const header = { alg: "ES256", kid: key.jwk.kid, "urn:x": 1, ...more };
      const text = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${payload}`;
      const privateKey = KeyObject.from(key.privateKey);
      const signature = createSign("sha256")
        .update(text)
        .sign({ key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${text}.${signature.toString("base64url")}`;
    };
    await supabase.verify(signed({}));
    await refused(signed({ crit: ["urn:x"] }));
    await refused(signed({ crit: ["b64"], b64: false }));
    await refused(signed({ crit: [] }));
  });
});

describe("keys", () => {
  test("are fetched once for many, and a rotated one when it is first seen", async () => {
    const token = await signWith(key, claims());
    await Promise.all(Array.from({ length: 20 }, () => supabase.verify(token)));
    expect(project.fetches).toBe(1);
    const next = await project.newKey();
    later(31);
    await supabase.verify(await signWith(next, claims()));
    expect(project.fetches).toBe(2);
    // The one before is still published.
    await supabase.verify(token);
    project.published = [next.jwk];
    await supabase.verify(token);
    expect(project.fetches).toBe(2);
    later(601);
    await refused(token);
    await supabase.verify(await signWith(next, claims()));
    expect(project.fetches).toBe(3);
  });

  test("that nobody knows are not asked for again and again", async () => {
    await supabase.verify(await signWith(key, claims()));
    const unknown = await signWith({ ...key, jwk: { ...key.jwk, kid: randomUUID() } }, claims());
    for (let n = 0; n < 20; n++) await refused(unknown);
    expect(project.fetches).toBe(1);
    later(31);
    await Promise.all(Array.from({ length: 20 }, () => refused(unknown)));
    expect(project.fetches).toBe(2);
  });

  test("that cannot be fetched: 503 and when to come back, seldom asked for; those that are known still work", async () => {
    const token = await signWith(key, claims());
    const stranger = await project.newKey();
    project.published = [key.jwk];
    const away = async (one: string) => {
      const error = await supabase.verify(one).catch((cause) => cause);
      expect(error).toMatchObject({ code: "service_unavailable", status: 503 });
      expect(Number(error.headers["Retry-After"])).toBeGreaterThan(0);
    };
    project.away = true;
    for (let n = 0; n < 10; n++) await away(token);
    expect(project.fetches).toBe(1);
    expect(logged()).toContain("keys could not be fetched");
    later(6);
    project.away = false;
    await supabase.verify(token);

    project.away = true;
    later(601);
    for (let n = 0; n < 10; n++) await supabase.verify(token);
    expect(project.fetches).toBe(3);
    // It may have been published since.
    await away(await signWith(stranger, claims()));
    await refused(await signWith({ ...stranger, jwk: key.jwk }, claims()));
    later(3_001);
    await away(await signWith(key, claims()));
    project.away = false;
    later(6);
    await supabase.verify(await signWith(key, claims()));
    await refused(await signWith(stranger, claims()));
  });

  test.each(["<html>", "null", '{"keys":1}', ""])("that are no keys: %j", async (answer) => {
    project.answer = answer;
    const token = await signWith(key, claims());
    await expect(supabase.verify(token)).rejects.toMatchObject({ code: "service_unavailable" });
  });
});

test("a token is known to be for Supabase by its issuer, and anything else is not", async () => {
  expect(supabase.isToken(await signWith(key, claims({ exp: 1 })))).toBe(true);
  expect(supabase.isToken(await signWith(key, claims({ iss: "https://other.supabase.co/auth/v1" })))).toBe(
    false,
  );
  for (const other of [
    "",
    "berth_key",
    "a.b",
    "a.b.c",
    `${"x".repeat(32)}.abc%3D`,
    "..",
    "\u0000.\u0000.\u0000",
  ])
    expect(supabase.isToken(other), other).toBe(false);
  expect(project.fetches).toBe(0);
});

test("the secret is read from its file when no variable has it", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "berth-supabase-"));
  try {
    const settings = { dataDir, supabase: { url: project.url, secret: undefined } };
    const token = await signByHand(jwtSecret, claims());
    expect(await openSupabase({ dataDir, supabase: undefined }, log)).toBeUndefined();
    await refused(token, await openSupabase(settings, log));
    await mkdir(join(dataDir, "services", "user"), { recursive: true });
    const file = join(dataDir, "services", "user", "supabase-jwt-secret");
    await writeFile(file, `${jwtSecret}\n`);
    await (await openSupabase(settings, log))?.verify(token);
    const other = { url: project.url, secret: `${jwtSecret}2` };
    await refused(token, await openSupabase({ dataDir, supabase: other }, log));
    await writeFile(file, "short");
    await expect(openSupabase(settings, log)).rejects.toThrow(/must have 32 characters at least\.$/);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});
