import { execFile } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openWorkshop } from "./support/workshop.ts";

const script = fileURLToPath(new URL("../../toolchain/fuzz/install.sh", import.meta.url));
const install = (cacheDir: string, env: Record<string, string> = {}) =>
  promisify(execFile)(script, { env: { ...process.env, BERTH_CACHE_DIR: cacheDir, ...env } });
const times = (text: string, what: string) => text.split(what).length - 1;

test("schemathesis is installed once, by two at once too, and again when its installer was killed", {
  timeout: 300_000,
}, async () => {
  const { dir } = openWorkshop();
  const both = await Promise.all([install(dir), install(dir)]);
  const told = both.map(({ stderr }) => stderr).join("");
  expect(times(told, "installing Python packages")).toBe(1);
  expect(times(told, "another run installs it")).toBe(1);
  const program = both[0].stdout.trim();
  expect(both[1].stdout.trim()).toBe(program);
  expect(program.startsWith(dir)).toBe(true);
  const { stdout } = await promisify(execFile)(program, ["--version"]);
  const wanted = readFileSync(join(dirname(script), "requirements.in"), "utf8")
    .trim()
    .split("==")[1];
  expect(stdout).toContain(`version ${wanted}`);

  expect((await install(dir)).stderr).toBe("");
  // What a killed run leaves has no mark that it is whole.
  const home = dirname(dirname(program));
  rmSync(join(home, "complete"));
  rmSync(join(home, "lib"), { recursive: true });
  expect((await install(dir)).stderr).toContain("installing Python packages");
  expect(statSync(join(home, "complete")).isFile()).toBe(true);
});

test("packages that cannot be had are told, and leave nothing that looks whole", async () => {
  const { dir } = openWorkshop();
  const nowhere = { PIP_INDEX_URL: "http://127.0.0.1:9/simple", PIP_RETRIES: "0" };
  const failure = await install(dir, nowhere).catch((error: { code: number; stderr: string }) => error);
  expect(failure).toMatchObject({ code: 1 });
  expect(failure.stderr).toContain("The Python packages of the fuzz tests could not be installed");
  expect(failure.stderr).toContain("Check that pip reaches its index, then run this again.");
  await expect(install(dir, nowhere)).rejects.toThrow(/could not be installed/);
});
