import { exportJWK, exportSPKI, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createServiceTokenVerifier } from "../../control-plane/access/service-token.ts";

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let pairs: Record<"first" | "second", Pair>;
beforeAll(async () => {
  const make = () => generateKeyPair("EdDSA", { extractable: true });
  pairs = { first: await make(), second: await make() };
});

const setOf = async (...kids: Array<"first" | "second">): Promise<JSONWebKeySet> => ({
  keys: await Promise.all(
    kids.map(async (kid) => ({ ...(await exportJWK(pairs[kid].publicKey)), kid, alg: "EdDSA" })),
  ),
});
const token = (kid: "first" | "second", more: JWTPayload = {}) =>
  new SignJWT({ iss: "berth", aud: "instance", sub: "tenant", exp: Date.now() / 1_000 + 600, ...more })
    .setProtectedHeader({ alg: "EdDSA", kid })
    .sign(pairs[kid].privateKey);
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

describe("a token of a service", () => {
  test("is good where it names this service, and for as long as it says", async () => {
    const verify = createServiceTokenVerifier("instance", () => setOf("first"));
    const good = await token("first");
    for (let n = 0; n < 2; n += 1)
      expect(await verify(good)).toMatchObject({ kind: "service", name: "tenant" });
    const past = Math.floor(Date.now() / 1_000) - 1;
    const claims = { iss: "berth", aud: "instance", sub: "tenant", exp: past + 600 };
    const publicKey = new TextEncoder().encode(await exportSPKI(pairs.first.publicKey));
    for (const [what, bad] of Object.entries({
      "for another service": await token("first", { aud: "user" }),
      "of another issuer": await token("first", { iss: "https://project.supabase.co/auth/v1" }),
      expired: await token("first", { exp: past }),
      "without an end": await token("first", { exp: undefined }),
      "without a name": await token("first", { sub: undefined }),
      "signed with another key": await token("second"),
      "not signed": `${base64({ alg: "none" })}.${base64(claims)}.`,
      "signed with the public key as a secret": await new SignJWT(claims)
        .setProtectedHeader({ alg: "HS256", kid: "first" })
        .sign(publicKey),
      cut: good.slice(0, -10),
      "no token": "berth_key.with.points",
    })) {
      expect(await verify(bad), what).toBeUndefined();
    }
  });

  test("is good at once when the keys were changed, for all who come at the same moment", async () => {
    let keys = await setOf("first");
    let asked = 0;
    const verify = createServiceTokenVerifier("instance", async () => {
      asked += 1;
      const known = keys;
      await new Promise((resolve) => setImmediate(resolve));
      return known;
    });
    const before = await token("first");
    expect(await Promise.all([verify(before), verify(before)])).not.toContain(undefined);
    expect(asked).toBe(1);
    keys = await setOf("first", "second");
    const after = await Promise.all([token("second"), token("second", { jti: "other" })]);
    // What nobody signed does not have the keys asked for with every try.
    expect(await verify(after[0])).toBeUndefined();
    expect(asked).toBe(1);
    vi.advanceTimersByTime(11_000);
    expect(await Promise.all(after.map(verify))).not.toContain(undefined);
    expect(asked).toBe(2);
    expect(await verify(before)).toBeDefined();
  });

  test("cannot be told while the keys cannot be had", async () => {
    let isAway = true;
    const verify = createServiceTokenVerifier("instance", () =>
      isAway ? Promise.reject(new Error("away")) : setOf("first"),
    );
    await expect(verify(await token("first"))).rejects.toThrow("away");
    isAway = false;
    expect(await verify(await token("first"))).toBeDefined();
  });
});
