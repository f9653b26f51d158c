import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readMemory } from "../../../../control-plane/provisioner/figures/memory-figures.ts";
import { provisionerTag } from "../../../../control-plane/provisioner/processes/identity.ts";

const run = promisify(execFile);

/** Bytes that ps says. */
async function resident(...pids: Array<number | undefined>): Promise<number> {
  const { stdout } = await run("ps", ["-o", "rss=", "-p", pids.join(",")]);
  return stdout.split("\n").reduce((sum, line) => sum + Number(line) * 1024, 0);
}

test("memory is what ps says: of this process, of workers, and of all else that carries the tag", async () => {
  const tag = `test/memory/${process.pid}-1`;
  // Says when it is there with all that it holds, and waits.
  const held = (megabytes: number, own: string) =>
    spawn(
      process.execPath,
      [
        "-e",
        `const held = Buffer.alloc(${megabytes} << 20, 1); console.log(held.length); process.stdin.resume()`,
      ],
      { stdio: ["pipe", "pipe", "inherit"], env: { PATH: process.env.PATH, [provisionerTag]: own } },
    );
  const children = [held(50, tag), held(120, tag), held(80, tag), held(60, "test/another/1-1")] as const;
  const [worker, plugin, engine] = children;
  try {
    for (const { stdout } of children) if (stdout) await once(stdout, "data");
    const found = await readMemory(tag, [worker.pid ?? 0]);
    const near = async (bytes: number, ...pids: Array<number | undefined>) => {
      const said = await resident(...pids);
      expect(Math.abs(bytes - said) / said, `${bytes} and ${said}`).toBeLessThan(0.1);
    };
    await near(found.process, process.pid);
    await near(found.workers, worker.pid);
    await near(found.plugins, plugin.pid, engine.pid);
    expect(found.workers).toBeGreaterThan(50 << 20);
    expect(found.plugins).toBeGreaterThan(200 << 20);
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
});
