/** What mails are written in. */
export const languages = ["en", "fr", "de", "es"] as const;
export type Language = (typeof languages)[number];

/** The language somebody chose, English when it is none of ours. */
export function toLanguage(value: unknown): Language {
  return languages.find((one) => one === value) ?? "en";
}
