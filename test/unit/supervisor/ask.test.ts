import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { askSupervisor } from "../../../control-plane/supervisor/ask.ts";
import { SilentSupervisor } from "../../../control-plane/supervisor/silent.ts";

/** One that lets everybody in and says nothing, in a process of its own. */
async function mute(socket: string) {
  const program = `require("node:net").createServer(() => {}).listen(process.argv[1], () => console.log("listens"))`;
  const child = spawn(process.execPath, ["-e", program, socket], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), "berth-ask-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "supervisor.sock");
}

test("a supervisor that gives no answer is told from one that is not there, with its process and what mends it", async () => {
  const socket = place();
  expect(await askSupervisor(socket, "status", 200)).toBeUndefined();
  const child = await mute(socket);
  const hangs = await askSupervisor(socket, "status", 200).catch((error) => error);
  expect(hangs).toBeInstanceOf(SilentSupervisor);
  expect(hangs.message).toBe(
    `The supervisor (process ${child.pid}) hangs: it does not answer. End it: kill -KILL ${child.pid}, then bin/berth start`,
  );
  child.kill("SIGSTOP");
  const stopped = await askSupervisor(socket, "status", 200).catch((error) => error);
  expect(stopped.what).toBe(
    `The supervisor (process ${child.pid}) is stopped by a signal: it does not answer.`,
  );
  expect(stopped.mend).toContain(`kill -CONT ${child.pid} lets it go on.`);
  child.kill("SIGKILL");
  await once(child, "exit");
  // Its socket is still there, and nobody behind it.
  expect(await askSupervisor(socket, "status", 200)).toBeUndefined();
  writeFileSync(join(socket, "..", "file"), "");
  expect(await askSupervisor(join(socket, "..", "file"), "status", 200)).toBeUndefined();
});
