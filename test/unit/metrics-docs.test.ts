import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { metricsPage } from "../../control-plane/docs/metrics-page.ts";
import { projectRoot } from "../../control-plane/paths.ts";

test("docs/metrics.md is what the processes register", async () => {
  const written = await readFile(join(projectRoot, "docs", "metrics.md"), "utf8");
  expect(written, "run npm run docs").toBe(await metricsPage());
});
