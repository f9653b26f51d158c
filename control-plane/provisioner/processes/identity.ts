import { readFileSync } from "node:fs";

/** Environment variables that every process of a provisioner carries, in whatever process group it hides. */
export const provisionerTag = "BERTH_PROVISIONER";
export const workerTag = "BERTH_WORKER";

/** `<env>/<uuid>/<pid>-<start time>`: tells whose process it is, and whether its provisioner still lives. */
export function provisionerTagValue(env: string, uuid: string, pid = process.pid): string {
  return `${env}/${uuid}/${pid}-${startTime(pid)}`;
}

/** The provisioner in a tag of this environment, or undefined when the tag is another environment's. */
export function parseProvisionerTag(env: string, value: string) {
  const [tagEnv, uuid, process] = value.split("/");
  const [pid, started] = (process ?? "").split("-");
  if (tagEnv !== env || !uuid || !pid || !started) return undefined;
  return { uuid, pid: Number(pid), startTime: Number(started) };
}

/** How a provisioner names itself in its leases: `<host>/<tag>`. */
export function workerName(host: string, tag: string): string {
  return `${host}/${tag}`;
}

/** The other way round; undefined for a name that no provisioner gave itself. */
export function parseWorkerName(env: string, name: string) {
  const [host, ...tag] = name.split("/");
  const provisioner = parseProvisionerTag(env, tag.join("/"));
  return host && provisioner ? { host, ...provisioner } : undefined;
}

/** Whether the provisioner of that name ran on this machine and is gone. Of other machines nothing is proved. */
export function isDeadWorker(env: string, host: string, name: string): boolean {
  const holder = parseWorkerName(env, name);
  return holder?.host === host && startTime(holder.pid) !== holder.startTime;
}

/**
 * Name under which sessions of a worker's processes show in PostgreSQL, so that they can be ended when it is
 * dead; without a worker the prefix of all sessions of a provisioner. Cut, because 63 characters are all there are.
 */
export function sessionName(tag: string, worker = ""): string {
  const [env, uuid = ""] = tag.split("/");
  return `berth-${env}-${uuid.slice(0, 8)}-${worker.slice(0, 8)}`;
}

/** Clock ticks since boot at which a process started; undefined when there is no such process, or only its zombie. */
export function startTime(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name is in brackets and may hold anything; fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}

/** When a process began, by the wall clock as it is now; undefined when there is no such process. */
export function startedAt(pid: number): Date | undefined {
  const ticks = startTime(pid);
  if (ticks === undefined) return undefined;
  const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  // Linux shows times to programs in hundredths of a second, whatever its own clock does.
  return new Date(Date.now() - (uptime - ticks / 100) * 1000);
}
