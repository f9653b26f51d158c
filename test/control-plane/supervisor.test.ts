import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { askSupervisor } from "../../control-plane/supervisor/ask.ts";
import { until } from "../../control-plane/until.ts";

let folder: string;
let begun: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-super-"));
});
afterEach(async () => {
  for (const one of begun) one.kill("SIGKILL");
  begun = [];
  await rm(folder, { recursive: true, force: true });
});

const socket = () => join(folder, "supervisor.sock");
const alive = () => begun.filter((one) => one.exitCode === null && one.signalCode === null);

function begin(): ChildProcess {
  const one = fork(join(import.meta.dirname, "supervisor-process.ts"), [socket(), join(folder, "log")], {
    execArgv: [],
    stdio: "ignore",
  });
  begun.push(one);
  return one;
}

test("of several supervisors that begin at once one stays, and it is the one that answers", async () => {
  for (let i = 0; i < 5; i++) begin();
  await until(() => alive().length <= 1, { what: "all but one to end", deadlineMs: 20_000, everyMs: 50 });
  expect(begun.filter((one) => one.exitCode === 1)).toHaveLength(4);
  const status = await askSupervisor(socket(), "status");
  expect(status?.pid).toBe(alive()[0]?.pid);
  expect(status?.children).toMatchObject([{ name: "idle", pid: expect.any(Number) }]);
});

test("after one that was killed, or has just been stopped, the next begins", async () => {
  const answers = (one: ChildProcess) =>
    until(async () => (await askSupervisor(socket(), "status"))?.pid === one.pid, {
      what: "the supervisor to answer",
      deadlineMs: 10_000,
      everyMs: 20,
    });
  const first = begin();
  await answers(first);
  first.kill("SIGKILL");
  await once(first, "exit");
  const second = begin();
  await answers(second);
  await askSupervisor(socket(), "stop");
  await answers(begin());
});

test("a child that dies is started again, and the supervisor says how often", async () => {
  const one = begin();
  const status = () => askSupervisor(socket(), "status");
  const running = await until(async () => ((await status())?.pid === one.pid ? status() : undefined), {
    what: "the supervisor to answer",
    deadlineMs: 10_000,
    everyMs: 20,
  });
  const first = running?.children[0]?.pid ?? 0;
  expect(first).toBeGreaterThan(0);
  process.kill(first, "SIGKILL");
  const again = await until(
    async () => {
      const child = (await status())?.children[0];
      return child?.pid !== undefined && child.pid !== first ? child : undefined;
    },
    { what: "another child", deadlineMs: 20_000, everyMs: 50 },
  );
  expect(again).toMatchObject({ name: "idle", restarts: 1 });
});
