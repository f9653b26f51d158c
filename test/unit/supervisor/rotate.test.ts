import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rotate } from "../../../control-plane/supervisor/rotate.ts";
import { until } from "../../../control-plane/until.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-rotate-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a file that has grown is begun anew, and so many older ones stay", async () => {
  const file = join(folder, "x.log");
  expect(rotate(file, { bytes: 4, files: 2 })).toBe(false);
  for (const text of ["one.", "two.", "three", "no"]) {
    await writeFile(file, text, { flag: "a", mode: 0o600 });
    expect(rotate(file, { bytes: 4, files: 2 })).toBe(text !== "no");
  }
  expect((await readdir(folder)).toSorted()).toEqual(["x.log", "x.log.1", "x.log.2"]);
  const texts = ["", ".1", ".2"].map((end) => readFile(`${file}${end}`, "utf8"));
  expect(await Promise.all(texts)).toEqual(["no", "three", "two."]);
  expect((await stat(`${file}.1`)).mode & 0o777).toBe(0o600);
});

test("who writes meanwhile goes on at the start, and no line is torn", async () => {
  const file = join(folder, "x.log");
  const output = openSync(file, "a", 0o600);
  const writes = "let n = 0; for (;;) require('fs').writeSync(1, 'line ' + n++ + ' of many\\n')";
  const writer = spawn(process.execPath, ["-e", writes], { stdio: ["ignore", output, "inherit"] });
  closeSync(output);
  try {
    for (let n = 0; n < 3; n++)
      await until(() => rotate(file, { bytes: 200_000, files: 9 }), {
        what: "the file to grow",
        deadlineMs: 10_000,
        everyMs: 5,
      });
  } finally {
    const gone = new Promise((resolve) => writer.once("exit", resolve));
    writer.kill("SIGKILL");
    await gone;
  }
  let last = -1;
  for (const end of [".3", ".2", ".1", ""]) {
    const lines = (await readFile(`${file}${end}`, "utf8")).split("\n").slice(0, -1);
    if (end) expect(lines.length).toBeGreaterThan(1_000);
    for (const line of lines) {
      const [, number = ""] = /^line (\d+) of many$/.exec(line) ?? [];
      expect(Number(number), line).toBeGreaterThan(last);
      last = Number(number);
    }
  }
});
