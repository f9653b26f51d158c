import { timingSafeEqual } from "node:crypto";
import { BerthError } from "../errors.ts";
import type { Identity } from "./identity.ts";

/** Our services, and what each proves itself by when it asks for a token. */
export type ServiceSecrets = ReadonlyMap<string, Buffer>;

/** A token that one service shows to another, good for some minutes. Throws `unauthorized`. */
export async function issueServiceToken(
  deps: { identity: Identity; secrets: ServiceSecrets },
  input: { service: string; audience: string; secret: string },
): Promise<{ token: string }> {
  const expected = deps.secrets.get(input.service);
  const given = Buffer.from(input.secret, "base64url");
  if (expected?.length !== given.length || !timingSafeEqual(expected, given)) {
    throw new BerthError("unauthorized", `This is not the secret of a service named "${input.service}".`);
  }
  const payload = { sub: input.service, aud: input.audience };
  return deps.identity.api.signJWT({ body: { payload } });
}
