import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from "jose";
import { allRights, type Principal } from "./principal.ts";

/** Who signs what our services show to each other. */
export const serviceTokenIssuer = "berth";
/** The only algorithm they are signed by. */
const serviceTokenAlgorithm = "EdDSA";

/** The service that a token names; `undefined` when it is no token of a service for this one. Rejects when no keys can be had. */
export type VerifyServiceToken = (token: string) => Promise<Principal | undefined>;

/** Milliseconds between two looks for new keys because of a token that none of the known ones signed. */
const cooldownMs = 10_000;
/** Tokens that are remembered as good until they expire; a service has one at a time for each other. */
const remembered = 64;

/**
 * @param audience the service that is called
 * @param fetchKeys the user service's JWKS
 */
export function createServiceTokenVerifier(
  audience: string,
  fetchKeys: () => Promise<JSONWebKeySet>,
): VerifyServiceToken {
  const good = new Map<string, { name: string; expiresAt: number }>();
  let keys: ReturnType<typeof createLocalJWKSet> | undefined;
  let fetchedAt = 0;
  let pending: Promise<ReturnType<typeof createLocalJWKSet>> | undefined;
  const fetchOnce = async () => {
    fetchedAt = performance.now();
    keys = createLocalJWKSet(await fetchKeys());
    return keys;
  };
  /** Those who come while keys are fetched wait for them. */
  const refresh = () => {
    pending ??= fetchOnce().finally(() => {
      pending = undefined;
    });
    return pending;
  };
  const check = async (token: string) => {
    const options = { issuer: serviceTokenIssuer, audience, algorithms: [serviceTokenAlgorithm] };
    const verify = (by: ReturnType<typeof createLocalJWKSet>) => jwtVerify(token, by, options);
    const isUnknownKey = (error: unknown) =>
      (error as { code?: string }).code === "ERR_JWKS_NO_MATCHING_KEY" &&
      (pending !== undefined || performance.now() - fetchedAt > cooldownMs);
    return verify(keys ?? (await refresh())).catch(async (error) => {
      if (!isUnknownKey(error)) throw error;
      return verify(await refresh());
    });
  };
  return async (token) => {
    if (!claimsToBeOurs(token)) return undefined;
    const known = good.get(token);
    if (known && known.expiresAt > Date.now()) return service(known.name);
    const { payload } = await check(token).catch((error) => {
      if ((error as { code?: string }).code?.startsWith("ERR_J")) return { payload: undefined };
      throw error;
    });
    if (!payload?.sub || !payload.exp) return undefined;
    if (good.size >= remembered) good.clear();
    good.set(token, { name: payload.sub, expiresAt: payload.exp * 1_000 });
    return service(payload.sub);
  };
}

function service(name: string): Principal {
  return { kind: "service", name, rights: allRights };
}

/** Whether a token says of itself that it is one: the others are no JWT at all, or somebody else's. */
function claimsToBeOurs(token: string): boolean {
  if (token.split(".").length !== 3) return false;
  try {
    return decodeJwt(token).iss === serviceTokenIssuer;
  } catch {
    return false;
  }
}
