import { readdir, readFile, readlink } from "node:fs/promises";

/** Who listens on a TCP port, as `name (process 123)`; undefined when it cannot be found. */
export async function holderOf(port: number): Promise<string | undefined> {
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = await readFile(table, "utf8").catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
      const listening = state === "0A";
      if (listening && inode && Number.parseInt(local.split(":")[1] ?? "", 16) === port) inodes.add(inode);
    }
  }
  const pid = await holding(inodes);
  if (pid === undefined) return undefined;
  const name = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim();
  return `${name || "a program"} (process ${pid})`;
}

/** The process that listens on a Unix socket; undefined when there is none, or it cannot be seen. */
export async function listenerOf(path: string): Promise<number | undefined> {
  const inodes = new Set<string>();
  for (const line of (await readFile("/proc/net/unix", "utf8").catch(() => "")).split("\n")) {
    const [, , , , , , inode, ...name] = line.trim().split(/\s+/);
    if (inode && name.join(" ") === path) inodes.add(inode);
  }
  return holding(inodes);
}

/** The process that has one of these sockets open. */
async function holding(inodes: Set<string>): Promise<number | undefined> {
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    // Processes end while they are looked at, and those of others may not be read.
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => "");
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode && inodes.has(inode)) return Number(pid);
    }
  }
  return undefined;
}
