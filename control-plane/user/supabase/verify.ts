import { z } from "@hono/zod-openapi";
import { decodeJwt, decodeProtectedHeader, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import { BerthError } from "../../errors.ts";
import { longestToken } from "../../http/authenticate.ts";
import type { Logger } from "../../observability/log.ts";
import { createKeys, KeysAway } from "./keys.ts";

/** Whom a Supabase access token speaks of. */
export interface SupabaseIdentity {
  issuer: string;
  /** The user's UUID in that project. */
  subject: string;
  /**
   * To be shown, and for nothing else: whether it was ever confirmed no claim tells. `email_verified` is in
   * `user_metadata`, which users write themselves, and a project may take any address unasked.
   */
  email: string | undefined;
}

export interface Supabase {
  issuer: string;
  /** Whether a bearer token is one for {@link verify}, by what it says of itself: nothing is proved by it. */
  isToken(token: string): boolean;
  /** Throws `unauthorized`, or `service_unavailable` when the project's keys cannot be fetched. */
  verify(token: string): Promise<SupabaseIdentity>;
}

/** Seconds that two clocks may differ by, and that Supabase lets a token last at most: its own keys last ten years. */
const tolerance = 5;
const longest = 7 * 86_400;

const claims = z.object({
  sub: z.guid().transform((id) => id.toLowerCase()),
  // jose looks at it where it is; it must be there.
  exp: z.number(),
  // `anon` and `service_role` are keys of the project, not people.
  role: z.literal("authenticated"),
  is_anonymous: z.literal(false).optional(),
  email: z.string().optional(),
  // A token that somebody gave to another application, by the project's OAuth server.
  client_id: z.undefined().optional(),
});

/**
 * Accepts the access tokens of one Supabase project, and nothing else that it signs.
 * @param url the project's, without a slash at its end
 * @param secret the one that a project of the legacy kind signs with. It is asked for HS256 and the published keys for
 * everything else, so that no public key is ever taken for a secret.
 */
export function createSupabase({
  url,
  secret,
  log,
}: {
  url: string;
  secret: string | undefined;
  log: Logger;
}): Supabase {
  const issuer = `${url}/auth/v1`;
  const keys = createKeys(new URL(`${issuer}/.well-known/jwks.json`), log);
  const secretKey = secret === undefined ? undefined : new TextEncoder().encode(secret);
  const pinned: JWTVerifyOptions = {
    issuer,
    audience: "authenticated",
    clockTolerance: tolerance,
    // Asks for `iat` as well, and that it is not to come.
    maxTokenAge: longest,
  };

  async function payloadOf(token: string): Promise<JWTPayload> {
    if (token.length > longestToken) throw new Error("It is too long.");
    if (decodeProtectedHeader(token).alg !== "HS256") {
      const algorithms = ["ES256", "RS256", "EdDSA"];
      return (await jwtVerify(token, keys, { ...pinned, algorithms })).payload;
    }
    if (!secretKey) throw new Error("It is signed with a secret, and none is set.");
    return (await jwtVerify(token, secretKey, { ...pinned, algorithms: ["HS256"] })).payload;
  }

  return {
    issuer,
    isToken(token) {
      try {
        return decodeJwt(token).iss === issuer;
      } catch {
        return false;
      }
    },
    async verify(token) {
      try {
        const { sub, email } = claims.parse(await payloadOf(token));
        return { issuer, subject: sub, email: email || undefined };
      } catch (cause) {
        if (cause instanceof KeysAway) throw keysAway(cause);
        log.info({ reason: reasonOf(cause) }, "a Supabase token was refused");
        throw refusal(cause);
      }
    },
  };
}

/** Which check failed, for the log: nothing of the token itself. */
function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError)
    return error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  return error instanceof Error ? error.message : String(error);
}

function refusal(cause: unknown): BerthError {
  return new BerthError(
    "unauthorized",
    "This Supabase token is not accepted, or not any more. Get a new one from Supabase and send it as: Authorization: Bearer <token>",
    { cause, headers: { "WWW-Authenticate": 'Bearer realm="berth", error="invalid_token"' } },
  );
}

function keysAway(cause: unknown): BerthError {
  return new BerthError(
    "service_unavailable",
    "Supabase's keys cannot be fetched, so its tokens cannot be checked. Try again in a few seconds.",
    { cause, headers: { "Retry-After": "5" } },
  );
}
