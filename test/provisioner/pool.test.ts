import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { WorkerPool } from "../../control-plane/provisioner/engine/pool.ts";
import { provisionerTagValue } from "../../control-plane/provisioner/processes/identity.ts";
import { killWorker } from "../../control-plane/provisioner/processes/kill.ts";
import { log } from "./support.ts";

test("a worker whose plugin dies while the others start is never lent", async () => {
  const workDir = await mkdtemp(join(tmpdir(), "berth-pool-"));
  // The first to start dies at once, when the other plugin is not ready yet; the next one lives.
  const mark = join(workDir, "died");
  const shortLived = `echo 1; test -e ${mark} || { touch ${mark}; exit 1; }; exec sleep 3600`;
  const slow = "sleep 1; echo 2; exec sleep 3600";
  const plugin = (name: string, script: string) => ({ name, command: "/bin/sh", args: ["-c", script] });
  const pool = new WorkerPool({
    size: 1,
    recycleAfter: 10,
    tag: provisionerTagValue("t-pool", randomUUID()),
    bury: async (worker) => void (await killWorker(worker)),
    setup: { workDir, plugins: [plugin("short-lived", shortLived), plugin("slow", slow)] },
    env: { PATH: `${inject("provisionerTools").pulumi}:${process.env.PATH}`, HOME: workDir },
    log,
  });
  try {
    await expect(pool.warm()).rejects.toThrow(/short-lived died/);
    const worker = await pool.lend("ten_a", AbortSignal.timeout(30_000));
    expect(worker).toBeDefined();
    expect(worker?.unfit).toBeUndefined();
  } finally {
    await pool.stop();
    await rm(workDir, { recursive: true, force: true });
  }
});
