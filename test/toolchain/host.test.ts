import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../control-plane/until.ts";
import { openWorkshop } from "./support/workshop.ts";

const root = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
const host = join(root, "toolchain", "host");

test("a killed engine is started again, also when its pid file names another process by now", async () => {
  const { dir } = openWorkshop();
  const script = fileURLToPath(new URL("support/second-engine.sh", import.meta.url));
  const namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const { stdout, stderr } = await promisify(execFile)(
    "unshare",
    [...namespaces, script, root, join(dir, "cache")],
    {
      timeout: 55_000,
    },
  );
  expect(stdout).toMatch(/^first: \d+.*\nstill: \d+\nleft: pid file\nagain: \d+/);
  expect(stderr).toContain("removing /var/run/docker.pid, left by a dockerd that no longer runs");
  expect(stderr.match(/starting dockerd/g)).toHaveLength(2);
});

test("a pid file that names a dead process nobody collected names no running one", async () => {
  const { dir } = openWorkshop();
  // The shell becomes a program that never waits for the child it inherits.
  const parent = spawn("bash", ["-c", "sleep 0 & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = line.toString().trim();
  await until(() => readFileSync(`/proc/${pid}/status`, "utf8").includes("State:\tZ"), {
    what: "the child's end",
    deadlineMs: 5_000,
    everyMs: 20,
  });
  const named = (file: string, number: string) => {
    writeFileSync(join(dir, file), `${number}\n`);
    const script = `. ${host}/engine.sh; running_by ${join(dir, file)} sleep`;
    return spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim();
  };
  expect(named("dead", pid)).toBe("");
  expect(named("alive", `${parent.pid}`)).toBe(`${parent.pid}`);
});

test("node_modules that were not installed to their end do not fit", () => {
  const { dir } = openWorkshop();
  const fits = () => spawnSync(process.execPath, [join(host, "dependencies-fit.ts"), dir]).status === 0;
  const locked = { version: "1.0.0", integrity: "sha512-a" };
  const lock = (file: string, packages: object) =>
    writeFileSync(join(dir, file), JSON.stringify({ packages }));
  mkdirSync(join(dir, "node_modules"));
  lock("package-lock.json", {
    "": {},
    "node_modules/a": locked,
    "node_modules/b": { ...locked, optional: true },
  });
  expect(fits()).toBe(false);
  lock("node_modules/.package-lock.json", { "node_modules/a": locked });
  expect(fits()).toBe(true);
  lock("node_modules/.package-lock.json", { "node_modules/a": { ...locked, version: "0.9.0" } });
  expect(fits()).toBe(false);
});

test("a machine with an older Node and nothing installed is told to run bin/setup", () => {
  const { dir } = openWorkshop();
  writeFileSync(join(dir, "node"), "#!/bin/sh\nexit 1\n");
  chmodSync(join(dir, "node"), 0o755);
  const env = { PATH: `${dir}:/usr/bin:/bin`, HOME: dir };
  const answer = spawnSync(join(root, "toolchain", "node.sh"), { env, encoding: "utf8" });
  expect(answer.status).toBe(1);
  expect(answer.stderr).toContain("run bin/setup");
});

test("a fitting Node in PATH is used as it is", () => {
  const { dir } = openWorkshop();
  const env = { PATH: `${join(process.execPath, "..")}:/usr/bin:/bin`, HOME: dir };
  const found = execFileSync(join(root, "toolchain", "node.sh"), { env, encoding: "utf8" }).trim();
  expect(execFileSync(found, ["--version"], { encoding: "utf8" })).toMatch(/^v24\./);
});

test("packages that cannot be installed are named, with what to do", () => {
  const { dir } = openWorkshop();
  // A machine whose PATH has next to nothing, and whose apt-get knows no package.
  const bin = join(dir, "bin");
  mkdirSync(bin);
  for (const tool of ["bash", "sort", "grep", "tail", "timeout", "id", "mkdir", "cat", "env"]) {
    cpSync(execFileSync("which", [tool], { encoding: "utf8" }).trim(), join(bin, tool), {
      dereference: true,
    });
  }
  writeFileSync(
    join(bin, "apt-get"),
    "#!/bin/bash\necho 'E: Unable to locate package docker.io' >&2\nexit 100\n",
  );
  chmodSync(join(bin, "apt-get"), 0o755);
  const script = `set -Eeuo pipefail; cache=${dir}; mkdir -p $cache/log; . ${host}/say.sh; . ${host}/packages.sh
    needed=(no-such-command:docker.io); ensure_packages`;
  const answer = spawnSync(join(bin, "bash"), ["-c", script], { env: { PATH: bin }, encoding: "utf8" });
  expect(answer.status).toBe(1);
  expect(answer.stderr).toContain("These Debian packages could not be installed: docker.io.");
  expect(answer.stderr).toContain("E: Unable to locate package docker.io");
  expect(answer.stderr).toContain("apt-get install docker.io");
  expect(readFileSync(join(dir, "log", "apt.log"), "utf8")).toContain("Unable to locate");
});
