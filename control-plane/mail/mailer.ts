import { createTransport } from "nodemailer";

/** What one mail says. */
export interface Message {
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface Mailer {
  /** Rejects when nobody took the mail. */
  send(message: Message): Promise<void>;
  /** Waits for the mails that are on their way. */
  close(): void | Promise<void>;
}

/** Milliseconds a mail server may take for each part of the talk. */
const timeoutMs = 10_000;

/** Sends by SMTP. @param url `smtp://host:port` or `smtps://user@host`, its password apart */
export function smtpMailer(options: { url: string; password: string | undefined; from: string }): Mailer {
  const url = new URL(options.url);
  const user = decodeURIComponent(url.username);
  const transport = createTransport({
    host: url.hostname,
    port: Number(url.port || (url.protocol === "smtps:" ? 465 : 587)),
    secure: url.protocol === "smtps:",
    // A password, and what else is said to a server that knows us, is not said in the open.
    ...(user ? { auth: { user, pass: options.password ?? "" }, requireTLS: true } : {}),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // What a mail holds is text of ours; nothing of it is a file or an address to be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const underWay = new Set<Promise<unknown>>();
  return {
    async send(message) {
      const sent = transport.sendMail({ from: options.from, ...message });
      underWay.add(sent);
      await sent.finally(() => underWay.delete(sent));
    },
    async close() {
      await Promise.allSettled(underWay);
      transport.close();
    },
  };
}
