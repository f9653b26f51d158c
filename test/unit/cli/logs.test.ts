import { appendFileSync, copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileSource } from "../../../control-plane/cli/logs/file-source.ts";
import { follow } from "../../../control-plane/cli/logs/follow.ts";
import { containerLine, type LogLine, ownLine } from "../../../control-plane/cli/logs/line.ts";
import { merge } from "../../../control-plane/cli/logs/merge.ts";
import { render } from "../../../control-plane/cli/logs/render.ts";
import { sinceOf } from "../../../control-plane/cli/logs/since.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-logs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (ms: number) => new Date(1_700_000_000_000 + ms).toISOString();
const own = (ms: number, msg: string, more: object = {}) =>
  `${JSON.stringify({ level: "info", time: at(ms), env: "t", part: "services", pid: 1, msg, ...more })}\n`;
const everything = new Date(0);
const messages = async (lines: AsyncIterable<LogLine>) => {
  const all: string[] = [];
  for await (const { msg } of lines) all.push(msg);
  return all;
};

describe("one stream of many sources", () => {
  test("is in the order of time, also where a file is not for a moment", async () => {
    const [a, b] = [join(folder, "a.log"), join(folder, "b.log")];
    writeFileSync(a, own(0, "1") + own(300, "4") + own(200, "3") + own(9_000, "6"));
    writeFileSync(b, own(100, "2") + own(5_000, "5"));
    const sources = [a, b, join(folder, "none.log")].map((file) => fileSource(file));
    expect(await messages(merge(sources.map((source) => source.past(everything))))).toEqual([
      ...["1", "2", "3", "4", "5", "6"],
    ]);
  });

  test("has what the file was before it was begun anew, and half a line of a killed process is left out", async () => {
    const file = join(folder, "a.log");
    writeFileSync(`${file}.2`, own(0, "oldest"));
    writeFileSync(`${file}.1`, own(10, "older"));
    writeFileSync(file, `${own(20, "new")}{"level":"info","ti`);
    expect(await messages(fileSource(file).past(everything))).toEqual(["oldest", "older", "new"]);
  });

  test("goes on with what is written, through a file that is begun anew, and ends when asked to", async () => {
    const file = join(folder, "a.log");
    writeFileSync(file, own(0, "past"));
    const source = fileSource(file);
    expect(await messages(source.past(everything))).toEqual(["past"]);
    const asked = new AbortController();
    const seen: string[] = [];
    appendFileSync(file, own(10, "first") + own(5, "before it"));
    for await (const { msg } of follow([source], asked.signal)) {
      seen.push(msg);
      if (msg === "first") {
        appendFileSync(file, own(20, "the last of the old file"));
        copyFileSync(file, `${file}.1`);
        truncateSync(file);
        appendFileSync(file, own(30, "the first of the new file"));
      }
      if (msg === "the first of the new file") asked.abort();
    }
    expect(seen).toEqual(["before it", "first", "the last of the old file", "the first of the new file"]);
  });
});

test("what a container writes has a level, a text and fields, whichever program it is", () => {
  const line = (text: string) => containerLine("x", `2026-11-26T08:00:00.123456789Z ${text}`);
  expect(line("2026-11-26 08:00:00 UTC [1] u@d h ERROR:  no such table")).toMatchObject({ level: "error" });
  expect(line("1:M 26 Nov 2026 08:00:00.000 # WARNING overcommit")).toMatchObject({ level: "warn" });
  expect(line('{"level":"warn","msg":"slow","router":"r"}')).toMatchObject({
    ...{ level: "warn", msg: "slow", fields: { router: "r" } },
  });
  expect(line('{"DownstreamStatus":200,"level":"info"}')).toMatchObject({ msg: "request", level: "info" });
  expect(JSON.parse(line("plain")?.json ?? "")).toEqual({
    ...{ level: "info", time: "2026-11-26T08:00:00.123Z", part: "x", msg: "plain" },
  });
  expect(line("")).toBeUndefined();
  // The engine keeps what a program wrote; a secret in it is not shown again.
  expect(line("postgres://u:hushhush@db/x")?.json).not.toContain("hushhush");
});

test("for a person a line has no colours off a terminal, and nothing in it moves one", () => {
  const parsed = ownLine(
    own(0, "be\u001b[2Jware\u0007", {
      service: "user",
      requestId: "r1",
      err: { message: "m", stack: "m\n  at x" },
    }),
  );
  if (!parsed) throw new Error("It is a line.");
  const text = render(parsed, false);
  expect(text).toBe(
    `${at(0).slice(11, 23)} INFO  services/user     beware\ufffd requestId=r1\n    m\n      at x\n`,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
  expect(render(parsed, true)).toMatch(/\u001b\[32mINFO/);
});

test("how long ago is said in words or as a time", () => {
  const now = Date.parse("2026-11-26T08:00:00Z");
  expect(sinceOf("90s", now).toISOString()).toBe("2026-11-26T07:58:30.000Z");
  expect(sinceOf("2h", now).toISOString()).toBe("2026-11-26T06:00:00.000Z");
  expect(sinceOf("2026-11-25T00:00:00Z", now).toISOString()).toBe("2026-11-25T00:00:00.000Z");
  expect(() => sinceOf("yesterday", now)).toThrow("say how long ago, as 90s, 10m, 2h or 1d");
});
