import { stripVTControlCharacters, styleText } from "node:util";
import type { Level } from "./levels.ts";
import type { LogLine } from "./line.ts";

type Style = Parameters<typeof styleText>[0];

const styles: Record<Level, Style> = {
  trace: "gray",
  debug: "gray",
  info: "green",
  warn: "yellow",
  error: "red",
  fatal: ["bold", "red"],
};

/** A line for a person: time (UTC), level, who, what, and the rest as `name=value`. @param colours for a terminal */
export function render(line: LogLine, colours: boolean): string {
  const paint = (style: Style, text: string) =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  const { err, ...rest } = line.fields;
  const who = line.service ? `${line.part}/${line.service}` : line.part;
  const fields = Object.entries(rest)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${paint("cyan", plain(name))}=${inWord(value)}`);
  const head = [
    paint("gray", new Date(line.time).toISOString().slice(11, 23)),
    paint(styles[line.level], line.level.toUpperCase().padEnd(5)),
    paint("bold", plain(who).padEnd(17)),
    plain(line.msg),
    ...fields,
  ];
  return `${head.join(" ").trimEnd()}\n${err === undefined ? "" : errorLines(err)}`;
}

/** An error as it was logged: its stack, or what there is. */
function errorLines(err: unknown): string {
  const { stack, message } = (typeof err === "object" && err ? err : {}) as Record<string, unknown>;
  const text = [stack, message].find((one) => typeof one === "string") ?? JSON.stringify(err);
  return `${`${text}`
    .split("\n")
    .map((line) => `    ${plain(line)}`)
    .join("\n")}\n`;
}

function inWord(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(plain(text)) ? plain(text) : JSON.stringify(text);
}

/** Whoever wrote it may be anybody: nothing in it tells the terminal what to do. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}
