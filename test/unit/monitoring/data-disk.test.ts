import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { readingOf, withDiskOf } from "../../../control-plane/platform/data-disk.ts";
import { selectorsOf } from "../../monitoring/promql.ts";
import { alertsFolder, readRules } from "../../monitoring/queries.ts";

const recorded = () => readFile(join(alertsFolder, "recorded.yml"), "utf8");
const disk = "berth:data_disk_avail_bytes";

it("the rules look at the usual engine's disk, as they are written", async () => {
  const rules = await recorded();
  expect(withDiskOf(rules, "/var/lib/docker")).toBe(rules);
  expect(rules).toContain(readingOf("/var/lib/docker"));
  // No other file names the engine's folder, which would stay as it is.
  for (const { file, expr } of await readRules())
    if (file !== "recorded.yml") expect(expr, file).not.toContain("docker");
});

it("an engine elsewhere has its disk looked for there, from its volumes up to the root", async () => {
  const rules = withDiskOf(await recorded(), "/srv/engine");
  const { groups } = parse(rules) as { groups: Array<{ rules: Array<{ record: string; expr: string }> }> };
  const expr = groups.flatMap((group) => group.rules).find(({ record }) => record === disk)?.expr ?? "";
  expect(selectorsOf(expr)).toEqual(
    ["/srv/engine/volumes", "/srv/engine", "/srv", "/"].map(
      (place) => `node_filesystem_avail_bytes{mountpoint="${place}"}`,
    ),
  );
});
