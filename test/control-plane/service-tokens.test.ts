import { decodeJwt, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { createServiceTokenVerifier } from "../../control-plane/access/service-token.ts";
import { as, open } from "./people.ts";
import { keys, type Problem, serviceHeaders, withServices } from "./support.ts";

const t = withServices();
const feed = "/instance/v1/feed";
const secretOf = (service: "tenant" | "instance") => keys[service].service.toString("base64url");
const tokenOf = ({ authorization = "" }: Record<string, string>) => authorization.slice("Bearer ".length);

async function ownKey(alg = "EdDSA") {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), alg, kid: "ours" } };
}
const claims = (more: JWTPayload = {}): JWTPayload => ({
  sub: "tenant",
  iss: "berth",
  aud: "instance",
  ...more,
});
const sign = ({ alg, privateKey }: Awaited<ReturnType<typeof ownKey>>, payload: JWTPayload, kid = "ours") =>
  new SignJWT({ exp: Math.floor(Date.now() / 1_000) + 600, ...payload })
    .setProtectedHeader({ alg, kid })
    .sign(privateKey);

describe("what one service shows to another", () => {
  test("is signed by a published key, for ten minutes and for one service", async () => {
    const { authorization = "" } = await serviceHeaders(t.services);
    expect(decodeJwt(tokenOf({ authorization }))).toMatchObject({
      sub: "tenant",
      aud: "instance",
      iss: "berth",
    });
    const { exp = 0 } = decodeJwt(tokenOf({ authorization }));
    expect(exp - Date.now() / 1_000).toBeGreaterThan(590);
    expect(exp - Date.now() / 1_000).toBeLessThanOrEqual(600);
    const { keys } = await t.expect<{ keys: Array<Record<string, string>> }>(
      200,
      "GET",
      "/user/v1/jwks",
      undefined,
      open,
    );
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ alg: "EdDSA", kty: "OKP" });
    expect(Object.keys(keys[0] ?? {})).not.toContain("d");
    expect((await t.call("GET", feed, undefined, { authorization })).status).toBe(200);
    for (const elsewhere of ["/tenant/v1/tenants", "/user/v1/organizations"])
      expect((await t.call("GET", elsewhere, undefined, { authorization })).status, elsewhere).toBe(401);
  });

  test("is given to who knows the service's secret only, and kept as ciphertext", async () => {
    for (const [service, secret] of [
      ["tenant", secretOf("instance")],
      ["tenant", ""],
      ["tenant", `${secretOf("tenant")}x`],
      ["nobody", secretOf("tenant")],
      ["constructor", ""],
    ]) {
      const body = { service, audience: "instance", secret };
      const refused = await t.call("POST", "/user/v1/service-tokens", body, open);
      expect(refused.status).toBe(401);
      expect(((await refused.json()) as Problem).code).toBe("unauthorized");
    }
    await serviceHeaders(t.services);
    const [row] = await t.rows<{ private_key: string }>("auth", "select private_key from jwks");
    expect(row?.private_key).not.toMatch(/"d":|OKP/);
  });

  test("is nobody's when it is forged, for somebody else, cut, or signed in another way", async () => {
    const mine = await ownKey();
    const real = tokenOf(await serviceHeaders(t.services));
    const [head = "", body = "", signature = ""] = real.split(".");
    const [published] = (
      await t.expect<{ keys: Array<{ kid: string; x: string }> }>(
        200,
        "GET",
        "/user/v1/jwks",
        undefined,
        open,
      )
    ).keys;
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const confused = await new SignJWT(claims({ exp: Date.now() }))
      .setProtectedHeader({ alg: "HS256", kid: published?.kid })
      .sign(Buffer.from(published?.x ?? "", "base64url"));
    const forged = [
      await sign(mine, claims(), published?.kid),
      await sign(mine, claims(), "unknown"),
      `${encode({ alg: "none", kid: published?.kid })}.${encode(claims({ exp: Date.now() }))}.`,
      confused,
      `${head}.${body}`,
      `${head}.${body}.`,
      `${head}.${body}.${signature.slice(0, -2)}`,
      `${head}.${encode({ ...decodeJwt(real), sub: "instance" })}.${signature}`,
    ];
    for (const token of forged)
      expect((await t.call("GET", feed, undefined, as(token))).status, token).toBe(401);
  });
});

describe("whoever checks it", () => {
  const verifier = async (more: { keys?: object[] } = {}) => {
    const mine = await ownKey();
    let fetches = 0;
    const published = more.keys ?? [mine.jwk];
    const verify = createServiceTokenVerifier("instance", async () => {
      fetches += 1;
      return { keys: published };
    });
    return { mine, verify, published, fetches: () => fetches };
  };

  test("takes one for itself that has not expired, and asks for the keys once", async () => {
    const { mine, verify, fetches } = await verifier();
    const good = await sign(mine, claims());
    expect(await verify(good)).toMatchObject({ kind: "service", name: "tenant" });
    expect(await verify(good)).toMatchObject({ kind: "service", name: "tenant" });
    const past = Math.floor(Date.now() / 1_000) - 1;
    for (const bad of [
      await sign(mine, claims({ exp: past })),
      await sign(mine, claims({ aud: "user" })),
      await sign(mine, claims({ iss: "somebody" })),
      await sign(mine, claims({ sub: undefined })),
      await sign(mine, claims({ nbf: past + 3_600 })),
      "berth_a-key",
      "a.b.c",
    ])
      expect(await verify(bad), bad).toBeUndefined();
    expect(fetches()).toBe(1);
  });

  test("does not hammer the user service for keys that nobody has, and says that it cannot tell when there are none", async () => {
    const { verify, fetches } = await verifier();
    const other = await ownKey();
    for (let n = 0; n < 5; n++)
      expect(await verify(await sign(other, claims(), `unknown-${n}`))).toBeUndefined();
    expect(fetches()).toBe(1);
    const away = createServiceTokenVerifier("instance", async () => {
      throw new Error("The user service does not answer.");
    });
    await expect(away(await sign(other, claims()))).rejects.toThrow("does not answer");
  });
});
