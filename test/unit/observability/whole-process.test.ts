import { spawn } from "node:child_process";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createLog } from "../../../control-plane/observability/log.ts";
import { logOutput } from "../../../control-plane/observability/whole-process.ts";
import { projectRoot } from "../../../control-plane/paths.ts";
import { until } from "../../../control-plane/until.ts";

/** Runs a program that logs as the services do, and gives what it wrote. */
async function run(
  program: string,
): Promise<{ code: number | null; lines: Array<Record<string, unknown>>; errors: string }> {
  const at = (file: string) => join(projectRoot, "control-plane/observability", file);
  const text = `
    import { createLog, gatheringOutput } from ${JSON.stringify(at("log.ts"))};
    import { logWholeProcess } from ${JSON.stringify(at("whole-process.ts"))};
    const log = createLog({ env: "t", logLevel: "info" }, "test", gatheringOutput());
    logWholeProcess(log);
    log.info("begun");
    ${program}`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", text]);
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (output += chunk));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    code,
    errors,
    lines: output
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  };
}

test("what a process says by itself is a line of its log", async () => {
  const { code, lines, errors } = await run(`
    console.log("said %s", "so", { password: 1 });
    console.error(new Error("told"));
    process.emitWarning("old", "DeprecationWarning");`);
  expect([code, errors]).toEqual([0, ""]);
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    ["info", "begun"],
    ["info", "something was said on the console"],
    ["error", "something was said on the console"],
    ["warn", "Node warns"],
  ]);
  expect(lines[1]?.output).toBe("said so { password: [redacted] }");
  expect(lines[3]?.err).toMatchObject({ message: "old" });
});

test.each([
  ["an error that nobody took", `setTimeout(() => { throw new Error("fell") })`, "uncaughtException"],
  ["a promise that nobody took", `Promise.reject(new Error("fell"))`, "unhandledRejection"],
])("%s ends it, and is the last line", async (_what, program, origin) => {
  const { code, lines, errors } = await run(`${program}; setInterval(() => {}, 1_000);`);
  expect([code, errors]).toEqual([1, ""]);
  expect(lines.at(-1)).toMatchObject({ level: "fatal", origin, err: { message: "fell" }, part: "test" });
  expect(lines.length).toBe(2);
});

test("what a program writes that knows of no log is one, line by line, its last one too", async () => {
  let text = "";
  const stream = new PassThrough().on("data", (chunk: Buffer) => (text += chunk));
  const log = createLog({ env: "t", logLevel: "info" }, "test", stream).child({ operationId: "op_1" });
  const child = spawn("/bin/sh", ["-c", "echo 'panic: x'; echo; printf 'password=hush'; kill -9 $$"]);
  logOutput(child.stdout, () => log);
  await until(() => text.split("\n").length > 2, { what: "two lines", deadlineMs: 5_000, everyMs: 10 });
  const lines = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { level: "warn", output: "panic: x", operationId: "op_1" },
    { output: "password=[redacted]" },
  ]);
});
