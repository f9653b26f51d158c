import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { askSupervisor, type SupervisorStatus } from "../../control-plane/supervisor/ask.ts";
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

/** @param root where its code is */
function begin(...root: string[]): ChildProcess {
  const args = [socket(), join(folder, "log"), ...root];
  const one = fork(join(import.meta.dirname, "supervisor-process.ts"), args, {
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

/** A program of a few files, that nobody else changes. */
async function codeOf(text: string): Promise<string> {
  const root = join(folder, "root");
  for (const name of ["control-plane", "components", "stacks"])
    await mkdir(join(root, name, "deeper"), { recursive: true });
  await writeFile(join(root, "package-lock.json"), "{}");
  await writeFile(join(root, "control-plane", "deeper", "one.ts"), text);
  return root;
}

const running = (isIt: (status: SupervisorStatus) => boolean = () => true) =>
  until(
    async () => {
      const status = await askSupervisor(socket(), "status");
      return status?.children[0]?.pid !== undefined && isIt(status) ? status : undefined;
    },
    { what: "the supervisor to be so", deadlineMs: 20_000, everyMs: 20 },
  );

test("a child is restarted when it is asked for, once though it is asked twice, and it counts as no fall", async () => {
  begin();
  const [first] = (await running()).children;
  await askSupervisor(socket(), "restart nobody");
  await Promise.all([askSupervisor(socket(), "restart idle"), askSupervisor(socket(), "restart")]);
  const [second] = (await running(({ children }) => children[0]?.pid !== first?.pid)).children;
  expect(second).toMatchObject({ restarts: 0, lastExit: "killed by SIGTERM" });
  // What was asked while it went on is done by now, or is not to be done: one word more comes after it.
  await askSupervisor(socket(), "restart idle");
  const [third] = (await running(({ children }) => children[0]?.pid !== second?.pid)).children;
  expect(third?.restarts).toBe(0);
});

test("a stop in the middle of a restart leaves nothing running", async () => {
  const one = begin();
  const { children } = await running();
  await askSupervisor(socket(), "restart");
  await askSupervisor(socket(), "stop");
  await once(one, "exit");
  expect(() => process.kill(children[0]?.pid ?? 0, 0)).toThrow("ESRCH");
  expect(await askSupervisor(socket(), "status")).toBeUndefined();
});

test("changed code is seen, and once it is watched the children go over to it by themselves", async () => {
  const root = await codeOf("1");
  const file = join(root, "control-plane", "deeper", "one.ts");
  begin(root);
  const before = await running();
  expect(before).toMatchObject({ watches: false, children: [{ code: before.code }] });
  // Not watched yet: the change is not run, and is told by the difference to what is on disk.
  await writeFile(file, "2");
  await askSupervisor(socket(), "restart");
  const restarted = await running(({ children }) => children[0]?.code !== before.code);
  expect(restarted.code).toBe(before.code);

  await askSupervisor(socket(), "watch");
  expect(await running()).toMatchObject({ watches: true });
  const { pid } = (await running()).children[0] ?? {};
  // No code: nothing is restarted by it.
  await writeFile(join(root, "stacks", "notes.md"), "x");
  await writeFile(file, "3");
  const third = await running(({ children }) => children[0]?.pid !== pid);
  expect(third.children[0]?.code).not.toBe(restarted.children[0]?.code);
  // Written again as it was: it is the same code, and the same process goes on.
  await writeFile(file, "3");
  await writeFile(join(root, "components", "new.ts"), "new");
  const fourth = await running(({ children }) => children[0]?.code !== third.children[0]?.code);
  expect(fourth.children[0]?.restarts).toBe(0);
});
