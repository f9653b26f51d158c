import { censor } from "./redact.ts";

/** How the name of a secret ends. */
const name = "(?:password|passwd|passphrase|secret|token|api[_-]?key)";

// Lines are JSON: a quote inside a text has a backslash, and nothing may reach beyond the text's own quote. Whatever is
// looked for again and again has a longest length, so that no text takes more than its length in time.
/** What stands in quotes up to the one that is `$1`; such a quote with a backslash more belongs to it. */
const quoted = String.raw`(?:(?!\1)(?:\\\\)?(?:\\.|[^"\\]))*`;

/** What looks like a secret wherever it stands, and what is written instead; `$1` and so on are kept. */
const forms: Array<[pattern: RegExp, instead: string]> = [
  // Of a password in a URL only the user is told. It may hold a slash or an @.
  [/(:\/\/[^\s/:@"']*):(?:[^\s"'\\]|\\[^"nrt]){1,500}@/g, `$1:${censor}@`],
  [/\b(Bearer|Basic) +[\w.~+/=-]{8,}/gi, `$1 ${censor}`],
  // API keys; JSON Web Tokens; what waits for a second factor.
  [/berth_[\w-]{16,}/g, censor],
  [/eyJ[\w-]{8,500}\.[\w-]{8,}(?:\.[\w-]*)?/g, censor],
  [/2fa-[\w-]{20}/g, censor],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\w+/=\s]|\\+[nr])*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g, censor],
  // Passwords as PostgreSQL and Odoo keep them.
  [/SCRAM-SHA-256\$[\w$:+/=.-]+/g, censor],
  [/\$pbkdf2-sha\d+\$[\w$+/=.]+/g, censor],
  // JSON, and what looks like it; a shell's variable; a query, a connection string, a form; a heading.
  [
    new RegExp(String.raw`((?:\\{3}|\\)?"|')([\w-]*${name})\1( ?: ?)\1${quoted}`, "gi"),
    `$1$2$1$3$1${censor}`,
  ],
  [new RegExp(String.raw`(?<=${name} ?[=:] ?)((?:\\{3}|\\)"|')${quoted}`, "gi"), `$1${censor}`],
  [new RegExp(String.raw`\b(\w*${name}(?:=|: ))[^\s&"'\\]+`, "gi"), `$1${censor}`],
];

/** Something of every form; most lines have none of it, and are done. */
const marks =
  /[=$]|:\/\/|berth_|eyJ|(?:[Ee][Rr]|[Ii][Cc]) +|2fa-|PRIVATE KEY|SCRAM-|(?:sword|sswd|hrase|ecret|oken|i[_-]?key)\\*["']? ?:/i;

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
