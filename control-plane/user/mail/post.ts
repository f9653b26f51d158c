import type { Mailer, Message } from "../../mail/mailer.ts";
import type { Logger } from "../../observability/log.ts";

/** Sends a mail beside the answer. That nobody took it is in the log; it may be asked for again. */
export type Post = (mail: Message) => void;

/** How long a mail server takes would tell whether an account is there, so nobody waits for it. */
export function createPost({ mailer, log }: { mailer: Mailer; log: Logger }): Post {
  return (mail) => {
    mailer.send(mail).catch((error) => log.error({ err: error }, "a mail could not be sent"));
  };
}
