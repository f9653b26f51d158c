import type { Principal } from "../access/principal.ts";
import type { VerifyServiceToken } from "../access/service-token.ts";

/** Who a bearer token belongs to; `undefined` when it is not good, or not any more. Asked for each request. */
export type Authenticate = (token: string, requestId: string) => Promise<Principal | undefined>;

/** Tells our own services by their signed tokens, and everybody else by asking `people`. */
export function authenticateBy(verify: VerifyServiceToken, people: Authenticate): Authenticate {
  return async (token, requestId) => (await verify(token)) ?? people(token, requestId);
}

/** Characters of a token at most; node takes 16 KiB of headers. */
export const longestToken = 8_192;
const bearer = new RegExp(`^Bearer +([\\x21-\\x7e]{1,${longestToken}})$`, "i");

/** The token of an `Authorization: Bearer` header. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return bearer.exec(authorization ?? "")?.[1];
}
