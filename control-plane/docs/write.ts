// Writes what the docs say about the code: `npm run docs`. A test fails when it was forgotten.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "../paths.ts";
import { accessPage } from "./access-page.ts";

await writeFile(join(projectRoot, "docs", "authorization.md"), await accessPage());
