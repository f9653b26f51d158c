// Writes what the docs say about the code: `npm run docs`. A test fails when it was forgotten.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "../paths.ts";
import { pages } from "./pages.ts";

for (const [name, page] of Object.entries(pages)) {
  const file = join(projectRoot, "docs", name);
  await writeFile(file, await page(await readFile(file, "utf8").catch(() => "")));
}
