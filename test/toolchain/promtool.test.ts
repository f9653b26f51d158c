import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { withDiskOf } from "../../control-plane/platform/data-disk.ts";
import { alertsFolder } from "../monitoring/queries.ts";
import { testTools } from "../support/platform.ts";

const run = promisify(execFile);

/** Runs promtool of the image that Prometheus runs from, in a folder; gives what it says, and whether all was well. */
async function promtool(folder: string, ...args: string[]): Promise<{ ok: boolean; said: string }> {
  const image = (await testTools()).images.prometheus?.ref;
  if (!image) throw new Error("Set-up made no image of Prometheus: is BERTH_TOOLS without it?");
  const mounted = ["--volume", `${folder}:/alerts:ro`, "--workdir", "/alerts", "--network", "none"];
  const done = await run("docker", [
    "run",
    "--rm",
    ...mounted,
    "--entrypoint",
    "promtool",
    image,
    ...args,
  ]).then(
    ({ stdout, stderr }) => ({ ok: true, said: stdout + stderr }),
    ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ ok: false, said: stdout + stderr }),
  );
  return done;
}

const filesOf = async (ending: RegExp) =>
  (await readdir(alertsFolder)).filter((name) => ending.test(name)).sort();

test("promtool finds nothing wrong with the rules", async () => {
  const { ok, said } = await promtool(alertsFolder, "check", "rules", ...(await filesOf(/^[a-z-]+\.yml$/)));
  expect(ok, said).toBe(true);
});

test("every alert fires when it should, with its labels, and not just below", async () => {
  const { ok, said } = await promtool(alertsFolder, "test", "rules", ...(await filesOf(/\.test\.yml$/)));
  expect(ok, said).toBe(true);
});

test("the disk of an engine with its data elsewhere is the one that PostgreSQL's alert looks at", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-alerts-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const elsewhere = async (name: string) => {
    const text = await readFile(join(alertsFolder, name), "utf8");
    await writeFile(join(folder, name), withDiskOf(text, "/var/opt/engine"));
  };
  await Promise.all(["recorded.yml", "room.yml"].map(elsewhere));
  const tests = await readFile(join(alertsFolder, "room.test.yml"), "utf8");
  await writeFile(join(folder, "room.test.yml"), tests.replaceAll("/var/lib/docker", "/var/opt/engine"));
  await run("chmod", ["-R", "a+rX", folder]);
  const { ok, said } = await promtool(folder, "test", "rules", "room.test.yml");
  expect(ok, said).toBe(true);
});

test("an alert that is less strict than its test says is found", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-alerts-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const rules = await readFile(join(alertsFolder, "work.yml"), "utf8");
  const laxer = rules.replace("berth_queue_oldest_age_seconds > 300", "berth_queue_oldest_age_seconds > 200");
  expect(laxer).not.toBe(rules);
  await writeFile(join(folder, "work.yml"), laxer);
  await writeFile(join(folder, "work.test.yml"), await readFile(join(alertsFolder, "work.test.yml")));
  await run("chmod", ["-R", "a+rX", folder]);
  const { ok, said } = await promtool(folder, "test", "rules", "work.test.yml");
  expect(ok).toBe(false);
  expect(said).toContain("QueueOld");
});
