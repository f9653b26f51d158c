import type { Mailer, Message } from "../../mail/mailer.ts";
import type { Logger } from "../../observability/log.ts";

/**
 * Sends a mail beside the answer: how long a mail server takes would tell whether an account is there. What nobody took is
 * in the log. For what a transaction does, call it after the commit.
 */
export type Post = (mail: Message) => Promise<void>;

export function createPost({ mailer, log }: { mailer: Mailer; log: Logger }): Post {
  return (mail) => {
    mailer.send(mail).catch((error) => log.error({ err: error }, "a mail could not be sent"));
    return Promise.resolve();
  };
}
