import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  parseCgroupMounts,
  readUsage,
} from "../../../../control-plane/provisioner/figures/tenants/cgroups.ts";
import { usageOfStats } from "../../../../control-plane/provisioner/figures/tenants/containers.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-cgroups-"));
});
afterAll(() => rm(root, { recursive: true }));

async function put(folder: string, files: Record<string, string>): Promise<void> {
  await mkdir(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, folder, name), text);
}

const first = (limit: string) => ({
  "memory.usage_in_bytes": "250000000\n",
  "memory.limit_in_bytes": `${limit}\n`,
  "memory.stat": "cache 9\ninactive_file 1\ntotal_cache 9\ntotal_inactive_file 50000000\n",
});
const second = (limit: string) => ({
  "cpu.stat": "usage_usec 12500000\nuser_usec 12000000\nsystem_usec 500000\n",
  "memory.current": "250000000\n",
  "memory.max": `${limit}\n`,
  "memory.stat": "anon 1\nfile 2\ninactive_file 50000000\n",
});
const usage = { cpuSeconds: 12.5, memoryBytes: 200_000_000 };

test("the mounts of control groups are found, whatever version", () => {
  const v1 = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw`;
  expect(parseCgroupMounts(v1)).toEqual({
    ...{ version: 1, cpu: "/sys/fs/cgroup/cpu,cpuacct", memory: "/sys/fs/cgroup/memory" },
  });
  const v2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
  expect(parseCgroupMounts(v2)).toEqual({ version: 2, all: "/sys/fs/cgroup" });
  expect(parseCgroupMounts("22 1 8:1 / / rw - ext4 /dev/sda1 rw")).toBeUndefined();
});

test("what a container uses is read from its group, as cgroupfs and as systemd name it", async () => {
  await put("v1/cpu/docker/a", { "cpuacct.usage": "12500000000\n" });
  await put("v1/memory/docker/a", first("1073741824"));
  await put("v1/cpu/system.slice/docker-b.scope", { "cpuacct.usage": "12500000000\n" });
  await put("v1/memory/system.slice/docker-b.scope", first("9223372036854771712"));
  await put("v2/docker/a", second("1073741824"));
  await put("v2/system.slice/docker-b.scope", second("max"));
  const mounts = [
    { version: 1, cpu: join(root, "v1/cpu"), memory: join(root, "v1/memory") },
    { version: 2, all: join(root, "v2") },
  ] as const;
  for (const one of mounts) {
    expect(await readUsage(one, "a")).toEqual({ ...usage, memoryLimitBytes: 1_073_741_824 });
    expect(await readUsage(one, "b")).toEqual({ ...usage, memoryLimitBytes: 0 });
    expect(await readUsage(one, "gone")).toBeUndefined();
  }
});

test("the engine's own figures are read the same", () => {
  const stats = (limit: number, stat: Record<string, number>) => ({
    cpu_stats: { cpu_usage: { total_usage: 12_500_000_000 } },
    memory_stats: { usage: 250_000_000, limit, stats: stat },
  });
  expect(usageOfStats(stats(1_073_741_824, { total_inactive_file: 50_000_000, inactive_file: 1 }))).toEqual({
    ...{ ...usage, memoryLimitBytes: 1_073_741_824 },
  });
  expect(usageOfStats(stats(totalmem(), { inactive_file: 50_000_000 }))).toEqual({
    ...usage,
    memoryLimitBytes: 0,
  });
  // Of a container that has just ended the engine tells nothing.
  expect(usageOfStats({ cpu_stats: { cpu_usage: { total_usage: 0 } }, memory_stats: {} })).toBeUndefined();
  expect(usageOfStats(undefined)).toBeUndefined();
});
