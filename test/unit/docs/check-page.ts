import { dirname, join, matchesGlob, normalize } from "node:path";
import { type Runnable, wrongCommands, wrongLogs } from "./commands.ts";
import { type Page, readPage } from "./page.ts";

/** What pages are held against. */
export interface Repository extends Runnable {
  /** Every file, from the root. */
  files: Set<string>;
  /** Every page, by its path. */
  pages: Map<string, Page>;
  /** Names of variables that some program reads or sets. */
  variables: Set<string>;
}

/** A piece of code that names a file of ours: with an ending that only our files have, or in one of our folders. */
const ending = /[^/]\.(ts|md|sh|py|cjs|sql)$/;

/** What is wrong with a page, each with its line. */
export function wrongIn(path: string, text: string, repository: Repository): string[] {
  const page = readPage(text);
  return [
    ...wrongLinks(path, page, repository),
    ...page.code.flatMap(({ text: code, line }) => [
      ...wrongCommands(code, repository).map((wrong) => `${path}:${line}: ${wrong}`),
      ...wrongLogs(code).map((wrong) => `${path}:${line}: ${wrong}`),
      ...wrongPaths(path, code, repository).map((wrong) => `${path}:${line}: ${wrong}`),
    ]),
    ...wrongVariables(text, repository).map((wrong) => `${path}: ${wrong}`),
  ];
}

function wrongLinks(path: string, page: Page, { files, pages }: Repository): string[] {
  return page.links.flatMap(({ url, line }) => {
    if (/^[a-z]+:/.test(url)) return [];
    const [file = "", anchor] = url.split("#");
    const target = file === "" ? path : normalize(join(dirname(path), decodeURI(file))).replace(/\/$/, "");
    const isThere =
      file === "" || files.has(target) || [...files].some((one) => one.startsWith(`${target}/`));
    if (!isThere) return [`${path}:${line}: the link to ${url} leads nowhere`];
    const anchors = file === "" ? page.anchors : pages.get(target)?.anchors;
    if (anchor && !anchors?.has(anchor)) return [`${path}:${line}: ${target} has no heading for #${anchor}`];
    return [];
  });
}

function wrongPaths(path: string, code: string, { files }: Repository): string[] {
  const roots = new Set([...files].filter((file) => file.includes("/")).map((file) => file.split("/")[0]));
  const words = code.split(/[\s"'`(),;=|]+/).map((word) => word.replace(/[.:]+$/, "").replace(/^\.\//, ""));
  return words.flatMap((word) => {
    const isOurs = word.includes("/") && roots.has(word.split("/")[0] as string);
    if (!isOurs && !(ending.test(word) && /^[\w<>*{}[\]./-]+$/.test(word))) return [];
    // Of elsewhere: an absolute path, a place of the reader's, an address.
    if (/^[/~$]|:\/\/|\.\.\.|[@\\^$]/.test(word)) return [];
    const wanted = word.replace(/\/$/, "").replace(/<[^>]+>/g, "*");
    return isFile(path, wanted, files) ? [] : [`there is no ${word}`];
  });
}

/** From the root, from the page's folder, or by the end of its path where it stands alone. */
function isFile(path: string, wanted: string, files: Set<string>): boolean {
  const from = [wanted, normalize(join(dirname(path), wanted))];
  if (!wanted.includes("*")) {
    if (from.some((one) => files.has(one))) return true;
    const isThere = (file: string) =>
      from.some((one) => file.startsWith(`${one}/`)) || file.endsWith(`/${wanted}`);
    return [...files].some(isThere);
  }
  const patterns = [...from, ...from.map((one) => `${one}/**`), `**/${wanted}`];
  return [...files].some((file) => patterns.some((pattern) => matchesGlob(file, pattern)));
}

function wrongVariables(text: string, { variables }: Repository): string[] {
  const named = text.match(/\b(BERTH|SUPABASE|DB_SERVICE)_[A-Z0-9_]*[A-Z0-9]\b(?!_?\*)/g) ?? [];
  return [...new Set(named)]
    .filter((name) => !variables.has(name))
    .map((name) => `nothing knows a variable ${name}`);
}
