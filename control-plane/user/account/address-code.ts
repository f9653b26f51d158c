import { jwtVerify, SignJWT } from "jose";
import { BerthError } from "../../errors.ts";
import type { Identity } from "../identity.ts";
import { codeExpired } from "../refusal.ts";

/** Sets this code apart from what else is signed with the same secret. */
const audience = "berth:address";

async function keyOf(identity: Identity): Promise<Uint8Array> {
  return new TextEncoder().encode((await identity.$context).secret);
}

/** A code that says which account asked for which address; it works for an hour. */
export async function signAddressCode(identity: Identity, userId: string, address: string): Promise<string> {
  return new SignJWT({ address })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(userId)
    .setAudience(audience)
    .setExpirationTime("1h")
    .sign(await keyOf(identity));
}

/** The address that an account's code names; throws `code_expired` when it is none of this account's, or not any more. */
export async function readAddressCode(identity: Identity, userId: string, code: string): Promise<string> {
  const pinned = { algorithms: ["HS256"], audience, subject: userId, requiredClaims: ["exp", "address"] };
  const { payload } = await jwtVerify<{ address: string }>(code, await keyOf(identity), pinned).catch(
    (cause) => {
      throw new BerthError("code_expired", codeExpired().message, { cause });
    },
  );
  return payload.address;
}
