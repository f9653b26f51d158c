import { queueAfterTransactionHook } from "@better-auth/core/context";
import type { Mailer } from "../../mail/mailer.ts";
import type { Logger } from "../../observability/log.ts";
import type { Mail } from "./compose.ts";

/** Sends a mail once what it tells of is committed, and not at all when that was taken back. */
export type Post = (mail: Mail) => Promise<void>;

/** A mail is sent beside the answer: how long a mail server takes would tell whether an account is there. */
export function createPost({ mailer, log }: { mailer: Mailer; log: Logger }): Post {
  return ({ kind, ...message }) =>
    queueAfterTransactionHook(() => {
      mailer
        .send(message)
        .then(() => log.info({ kind }, "a mail was sent"))
        .catch((error) => log.error({ kind, err: without(message.to, error) }, "a mail could not be sent"));
      return Promise.resolve();
    });
}

/** A mail server's refusal names whom the mail was for. */
function without(address: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const hide = (text: string) => text.replaceAll(address, "[address]");
  error.message = hide(error.message);
  if (error.stack) error.stack = hide(error.stack);
  return error;
}
