import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dataPaths } from "../../../control-plane/paths.ts";
import { findPlatform, readPlatform } from "../../../control-plane/platform/outputs.ts";
import { createRun } from "../../../control-plane/platform/run.ts";
import { startTenants } from "../../../control-plane/platform/stopped.ts";
import { parseSettings } from "../../../control-plane/settings.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "berth-files-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

test("only a missing note means that no tenant was stopped", async () => {
  const settings = parseSettings({ BERTH_DATA_DIR: dataDir });
  const start = () => startTenants(createRun({ PATH: "/nonexistent" }), settings, () => undefined);
  await start();
  await mkdir(join(dataDir, "platform", "stopped.json"), { recursive: true });
  await expect(start()).rejects.toThrow(/EISDIR/);
});

test("only a missing description, or another release's, means that there is no platform", async () => {
  const file = dataPaths(dataDir).platformOutputs;
  await expect(readPlatform(dataDir)).rejects.toThrow(/bin\/berth platform up/);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, '{"template":{"name":"of another release"}}');
  expect(await findPlatform(dataDir)).toBeUndefined();
  await rm(file);
  await mkdir(file);
  await expect(findPlatform(dataDir)).rejects.toThrow(/EISDIR/);
});
