import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { program } from "../../../control-plane/cli/program.ts";
import { createSay } from "../../../control-plane/cli/say.ts";
import { projectRoot } from "../../../control-plane/paths.ts";
import type { Repository } from "./check-page.ts";
import { readPage } from "./page.ts";

const read = (file: string) => readFile(join(projectRoot, file), "utf8");

/** Everything that pages speak of, as it is in this tree; and the pages' texts. */
export async function readRepository(): Promise<{ repository: Repository; texts: Map<string, string> }> {
  // What was not added yet as well: whoever writes a page wants to know before the commit.
  const list = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await promisify(execFile)("git", list, { cwd: projectRoot, maxBuffer: 2 ** 24 });
  const files = new Set(stdout.split("\n").filter((file) => file !== ""));
  const texts = new Map<string, string>();
  for (const file of files) if (file.endsWith(".md")) texts.set(file, await read(file));
  const variables = new Set<string>();
  for (const file of files)
    if (/^(bin|control-plane|components|stacks|toolchain)\/.*(\.ts|\.sh|\.py|\/[a-z]+)$/.test(file))
      for (const [name] of (await read(file)).matchAll(/\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b/g))
        variables.add(name);
  const line = { env: {}, say: createSay(() => undefined), node: process.execPath, main: "" };
  const { scripts } = JSON.parse(await read("package.json")) as { scripts: Record<string, string> };
  const targets = [...(await read("Makefile")).matchAll(/^([a-z][a-z-]*):/gm)].map(
    ([, target]) => target as string,
  );
  return {
    texts,
    repository: {
      files,
      pages: new Map([...texts].map(([file, text]) => [file, readPage(text)])),
      variables,
      berth: program(line),
      scripts: new Set(Object.keys(scripts)),
      targets: new Set(targets),
    },
  };
}
