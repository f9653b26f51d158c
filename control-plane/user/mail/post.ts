import { queueAfterTransactionHook } from "@better-auth/core/context";
import type { Mailer, Message } from "../../mail/mailer.ts";
import type { Logger } from "../../observability/log.ts";

/** Sends a mail once what it tells of is committed, and not at all when that was taken back. */
export type Post = (mail: Message) => Promise<void>;

/** A mail is sent beside the answer: how long a mail server takes would tell whether an account is there. */
export function createPost({ mailer, log }: { mailer: Mailer; log: Logger }): Post {
  return (mail) =>
    queueAfterTransactionHook(() => {
      mailer.send(mail).catch((error) => log.error({ err: error }, "a mail could not be sent"));
      return Promise.resolve();
    });
}
