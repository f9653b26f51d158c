import { html } from "hono/html";
import type { Message } from "../../mail/mailer.ts";
import { toLanguage } from "./languages.ts";
import { greetings, type MailKind, texts } from "./texts.ts";

/** A mail of one of our kinds. */
export interface Mail extends Message {
  kind: MailKind;
}

/**
 * Writes a mail in its reader's language. It does not name them: a name is what somebody typed, who may not be the reader
 * and could say anything by it.
 * @param code what they are to use, or a time, if anything
 * @param name of what the mail is about, if it can be told ({@link nameForMail})
 */
export function compose(
  kind: MailKind,
  reader: { email: string; language?: unknown },
  code?: string,
  name?: string,
): Mail {
  const language = toLanguage(reader.language);
  const greeting = greetings[language];
  const { subject, before, named, after } = texts[kind][language];
  const about = named && name ? `${named} “${name}”` : undefined;
  return {
    kind,
    to: reader.email,
    subject,
    text: [greeting, before, ...(code ? [code] : []), ...(about ? [about] : []), after, "Berth"].join("\n\n"),
    html: `<!doctype html>${html`<html lang="${language}"><body><p>${greeting}</p><p>${before}</p>${code ? html`<p><code>${code}</code></p>` : ""}${about ? html`<p>${about}</p>` : ""}<p>${after}</p><p>Berth</p></body></html>`}`,
  };
}
