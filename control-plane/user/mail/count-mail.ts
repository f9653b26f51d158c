import type { Caller } from "../../audit/write.ts";
import { addressKey } from "../../http/address-key.ts";
import type { Limiter } from "../../http/limit.ts";

/** What somebody can have us send to an address that they name. Each kind is counted apart. */
export type AskedMail = "sign-up" | "verification" | "reset" | "claim" | "change" | "invitation";

/**
 * Counts a mail that is asked for, for who asks and for all together: nobody fills a mailbox, and nobody keeps its owner from
 * a mail of theirs by having asked for some before. Throws `too_many_requests`.
 */
export async function countMail(
  limiter: Limiter,
  { actor, origin }: Pick<Caller, "actor" | "origin">,
  mail: { kind: AskedMail; to: string },
): Promise<void> {
  const asker = actor === "nobody" ? addressKey(origin) : actor;
  const what = `${mail.kind} ${mail.to}`;
  await limiter.take("mails_to", `${what} for ${asker}`);
  await limiter.take("mails_to_one", what);
}
