// A log on a disk that is full: a tmpfs of the test's own.
import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const exec = promisify(execFile);
let folder: string;
let log: string;
let filler: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-log-"));
  await exec("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  [log, filler] = [join(folder, "services.log"), join(folder, "filler")];
});
afterAll(async () => {
  await exec("umount", [folder]);
  await rm(folder, { recursive: true });
});

/** The words that the log has lines of. */
async function words(): Promise<string[]> {
  const found = (await readFile(log, "utf8")).matchAll(/"word":"(\w+)"/g);
  return [...new Set([...found].map(([, word = ""]) => word))];
}

/** Writes a log line for each word it is told, and says that it lives. */
const program = (gathers: boolean) => `
  import { createInterface } from "node:readline";
  import { createLog, gatheringOutput } from ${JSON.stringify(new URL("../../control-plane/observability/log.ts", import.meta.url).href)};
  const log = createLog({ env: "t", logLevel: "info" }, "test", ${gathers ? "gatheringOutput()" : "undefined"});
  createInterface({ input: process.stdin }).on("line", (word) => {
    for (let n = 0; n < 200; n++) log.info({ word }, "x".repeat(100));
    setTimeout(() => console.error("heard " + word), 300);
  });`;

test.each([
  ["gathers its lines", true],
  ["writes each at once", false],
])(
  "a process that %s lives on a full disk, ends when asked, and logs again once there is room",
  async (_, gathers) => {
    await writeFile(log, "");
    await writeFile(filler, Buffer.alloc(2 << 20)).catch(() => undefined);
    const file = await open(log, "a");
    const child = spawn(process.execPath, ["--input-type=module", "-e", program(gathers)], {
      stdio: ["pipe", file.fd, "pipe"],
    }) as ChildProcessByStdio<Writable, null, Readable>;
    await file.close();
    const ended = once(child, "exit");
    const heard = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
    const tell = async (word: string) => {
      child.stdin.write(`${word}\n`);
      expect((await heard.next()).value).toBe(`heard ${word}`);
    };
    await tell("one");
    await tell("two");
    expect(await words()).not.toContain("two");
    await truncate(filler, 0);
    await truncate(log, 0);
    child.stdin.end("three\n");
    expect((await heard.next()).value).toBe("heard three");
    expect((await ended)[0]).toBe(0);
    expect(await words()).toContain("three");
    const lines = (await readFile(log, "utf8")).split("\n");
    expect(
      lines.filter((line) => line.includes("the log could not be written for a while: ENOSPC")),
    ).toHaveLength(1);
  },
);
