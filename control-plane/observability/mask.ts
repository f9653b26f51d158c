import { censor } from "./redact.ts";

/** What looks like a secret wherever it stands, and what is written instead; `$1` and so on are kept. */
const forms: Array<[pattern: RegExp, instead: string]> = [
  // Of a password in a URL only the user is told.
  [/(:\/\/[^\s/:@"']*):[^\s/@"']+@/g, `$1:${censor}@`],
  [/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, `$1 ${censor}`],
  // API keys; JSON Web Tokens; what waits for a second factor.
  [/berth_[\w-]{16,}/g, censor],
  [/eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, censor],
  [/2fa-[\w-]{20}/g, censor],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\w+/=\s]|\\+[nr])*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g, censor],
  // Passwords as PostgreSQL and Odoo keep them.
  [/SCRAM-SHA-256\$[\w$:+/=.-]+/g, censor],
  [/\$pbkdf2-sha\d+\$[\w$+/=.]+/g, censor],
  // A query, a connection string, a form.
  [/\b(\w*(?:password|passwd|passphrase|secret|token|api_?key))=[^\s&"'\\]+/gi, `$1=${censor}`],
];

/** Something of every form; most lines have none of it, and are done. */
const marks = /[=$]|:\/\/|berth_|eyJ|(?:[Ee][Rr]|[Ii][Cc]) +|2fa-|PRIVATE KEY|SCRAM-/;

/** A line of the log without what looks like one of our keys, tokens, hashes of passwords, or a password in a URL. */
export function masked(line: string): string {
  if (!marks.test(line)) return line;
  let text = line;
  for (const [pattern, instead] of forms) text = text.replace(pattern, instead);
  return text;
}

/**
 * A path as it may be logged and told: a segment that is long and has capital letters is none of our names and ids, and may be a
 * key or a token that somebody put in the wrong place.
 */
export function shownPath(path: string): string {
  if (!/[A-Z]/.test(path)) return path;
  return path.replace(/[^/]{20,}/g, (segment) => (/[A-Z]/.test(segment) ? censor : segment));
}

/** The same for a sentence that may hold what a caller sent. */
export function shownText(text: string): string {
  const isOdd = (word: string) => /[A-Z]/.test(word) && /[a-z]/.test(word);
  return masked(text).replace(/[\w-]{24,}/g, (word) => (isOdd(word) ? censor : word));
}
