import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createProgress } from "../../toolchain/progress.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
afterEach(() => void vi.useRealTimers());

test("without a terminal, long work gives a sign of life: what, how far, how long so far", () => {
  const lines: string[] = [];
  const progress = createProgress({ write: (text) => lines.push(text), terminal: false });
  const step = progress.begin("pulumi");
  step.say("compiling");
  step.far(812, 2143, "packages");
  vi.advanceTimersByTime(14_000);
  expect(lines).toEqual(["pulumi                   0s  compiling\n"]);
  vi.advanceTimersByTime(80_000);
  expect(lines.slice(1)).toContain("pulumi                1m30s  compiling, 812 of 2143 packages\n");
  expect(lines.length).toBe(7);
  step.end("ready");
  vi.advanceTimersByTime(60_000);
  expect(lines.slice(7)).toEqual(["pulumi                1m34s  ready\n"]);
});

test("a step that waits for another leaves the signs of life to that one", () => {
  const lines: string[] = [];
  const progress = createProgress({ write: (text) => lines.push(text), terminal: false });
  const [image, root] = [progress.begin("image"), progress.begin("root")];
  image.waitFor("root");
  root.say("installing");
  vi.advanceTimersByTime(16_000);
  expect(lines.slice(2)).toEqual(["root                    15s  installing\n"]);
  root.end("ready");
  image.say("loading");
  vi.advanceTimersByTime(16_000);
  expect(lines.at(-1)).toBe("image                   31s  loading\n");
  image.end("ready");
});

test("sizes are told in megabytes, also when the whole is not known", () => {
  const lines: string[] = [];
  const progress = createProgress({ write: (text) => lines.push(text), terminal: false });
  const step = progress.begin("image");
  step.say("downloading");
  step.far(12_300_000, 45_000_000, "bytes");
  vi.advanceTimersByTime(15_000);
  step.far(30_000_000, undefined, "bytes");
  vi.advanceTimersByTime(15_000);
  expect(lines[1]).toContain("downloading, 12 of 45 MB");
  expect(lines[2]).toContain("downloading, 30 MB");
  step.end("done");
});

test("on a terminal the running steps share one line", () => {
  const written: string[] = [];
  const progress = createProgress({ write: (text) => written.push(text), terminal: true });
  const [one, two] = [progress.begin("one"), progress.begin("two")];
  one.say("building");
  two.say("pulling");
  written.length = 0;
  vi.advanceTimersByTime(500);
  expect(written).toEqual(["\r\x1b[Kone 1s building | two 1s pulling"]);
  one.end("ready");
  two.end("ready");
});
