import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What the processes of a container use. */
export interface Usage {
  cpuSeconds: number;
  /** Without what the kernel could take back at once, as `docker stats` has it. */
  memoryBytes: number;
  /** 0: none. */
  memoryLimitBytes: number;
}

/** Where the kernel shows control groups on this machine: in folders by controller, or (version 2) all in one. */
export type CgroupMounts = { version: 1; cpu: string; memory: string } | { version: 2; all: string };

/** Reads {@link CgroupMounts} from /proc/self/mountinfo. */
export function parseCgroupMounts(mountinfo: string): CgroupMounts | undefined {
  const mounts = mountinfo.split("\n").flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const [type = "", , options = ""] = right.split(" ");
    const path = left.split(" ")[4];
    return path && type.startsWith("cgroup") ? [{ type, path, controllers: options.split(",") }] : [];
  });
  const by = (controller: string) =>
    mounts.find(({ type, controllers }) => type === "cgroup" && controllers.includes(controller))?.path;
  const [cpu, memory] = [by("cpuacct"), by("memory")];
  if (cpu && memory) return { version: 1, cpu, memory };
  const all = mounts.find(({ type }) => type === "cgroup2")?.path;
  return all === undefined ? undefined : { version: 2, all };
}

/** How the engine names a container's group, by its driver: cgroupfs or systemd. */
const places = (id: string) => [join("docker", id), join("system.slice", `docker-${id}.scope`)];

/** What a running container uses; undefined where the engine keeps its group elsewhere. */
export async function readUsage(mounts: CgroupMounts, id: string): Promise<Usage | undefined> {
  for (const place of places(id)) {
    const usage = await (mounts.version === 1 ? readFirst(mounts, place) : readSecond(mounts, place)).catch(
      (error: NodeJS.ErrnoException) => {
        // ENODEV: the group went away while it was read.
        if (error.code === "ENOENT" || error.code === "ENODEV") return undefined;
        throw error;
      },
    );
    if (usage) return usage;
  }
  return undefined;
}

async function readFirst({ cpu, memory }: { cpu: string; memory: string }, place: string): Promise<Usage> {
  const [nanoseconds, usage, stat, limit] = await Promise.all([
    readFile(join(cpu, place, "cpuacct.usage"), "utf8"),
    readFile(join(memory, place, "memory.usage_in_bytes"), "utf8"),
    readFile(join(memory, place, "memory.stat"), "utf8"),
    readFile(join(memory, place, "memory.limit_in_bytes"), "utf8"),
  ]);
  return {
    cpuSeconds: Number(nanoseconds) / 1e9,
    memoryBytes: Math.max(0, Number(usage) - numberOf(stat, "total_inactive_file")),
    memoryLimitBytes: limitOf(limit),
  };
}

async function readSecond({ all }: { all: string }, place: string): Promise<Usage> {
  const [cpu, current, stat, limit] = await Promise.all(
    ["cpu.stat", "memory.current", "memory.stat", "memory.max"].map((name) =>
      readFile(join(all, place, name), "utf8"),
    ),
  );
  return {
    cpuSeconds: numberOf(cpu ?? "", "usage_usec") / 1e6,
    memoryBytes: Math.max(0, Number(current) - numberOf(stat ?? "", "inactive_file")),
    memoryLimitBytes: limitOf(limit ?? ""),
  };
}

/** Of a file of lines with a name and a number. */
function numberOf(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}

/** The kernel says that there is none by `max`, or by a number of bytes that no machine has. */
function limitOf(text: string): number {
  const bytes = Number(text.trim());
  return Number.isNaN(bytes) || bytes >= 2 ** 62 ? 0 : bytes;
}
