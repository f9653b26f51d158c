import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { afterAll } from "vitest";

export const jwtSecret = "a-secret-of-the-tests-with-enough-characters";

export interface ProjectKey {
  alg: string;
  privateKey: CryptoKey;
  jwk: JWK;
}

/** A Supabase project: an address that publishes keys, and whoever signs with them. Gone after the file's tests. */
export async function supabaseProject() {
  const state = { published: [] as JWK[], fetches: 0, answer: undefined as string | undefined, away: false };
  const server = createServer((request, response) => {
    state.fetches += 1;
    if (state.away) return response.destroy();
    if (request.url !== "/auth/v1/.well-known/jwks.json") return response.writeHead(404).end();
    response.setHeader("content-type", "application/json");
    response.end(state.answer ?? JSON.stringify({ keys: state.published }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = `${url}/auth/v1`;
  return Object.assign(state, {
    url,
    issuer,
    /** A key that is published from now on. */
    async newKey(alg = "ES256"): Promise<ProjectKey> {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const jwk = { ...(await exportJWK(publicKey)), alg, use: "sig", kid: randomUUID() };
      state.published.push(jwk);
      return { alg, privateKey, jwk };
    },
    /** What a signed-in user's token says, an hour long. */
    claims: (more: JWTPayload = {}): JWTPayload => ({
      iss: issuer,
      aud: "authenticated",
      sub: randomUUID(),
      role: "authenticated",
      email: "ada@acme.example",
      phone: "",
      is_anonymous: false,
      aal: "aal1",
      session_id: randomUUID(),
      app_metadata: { provider: "email", providers: ["email"] },
      user_metadata: { email_verified: true },
      iat: now(),
      exp: now() + 3_600,
      ...more,
    }),
  });
}

/** Seconds. */
export const now = () => Math.floor(Date.now() / 1_000);

export function signWith(
  { alg, privateKey, jwk }: ProjectKey,
  claims: JWTPayload,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg, typ: "JWT", kid: String(jwk.kid), ...header })
    .sign(privateKey);
}

export function signByHand(
  secret: string | Uint8Array,
  claims: JWTPayload,
  header: Record<string, unknown> = {},
): Promise<string> {
  const key = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT", ...header }).sign(key);
}
