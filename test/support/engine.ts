import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRun, type Run } from "../../control-plane/platform/run.ts";
import { startTime } from "../../control-plane/provisioner/processes/identity.ts";
import { until } from "../../control-plane/until.ts";

/** A Docker engine that may be stopped, killed and filled: a starting one flushes the firewall of its network namespace. */
export interface SecondEngine {
  /** `unix:///...`, for DOCKER_HOST. */
  host: string;
  /** Folder of its data: a small file system of its own. */
  dataRoot: string;
  /** Runs a program in the engine's network namespace, with DOCKER_HOST set. */
  inside: Run;
  /** @param alone whether its containers run on when it stops, until it is started otherwise. @default false */
  start(options?: { alone?: boolean }): Promise<void>;
  /** Ends it by a signal; unless it was started alone its containers end with it, by SIGKILL as in a power cut. */
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** How its daemon has ended by itself, with the last it said; undefined while it runs. */
  fallen(): Promise<string | undefined>;
  /** Takes everything away and throws when something is left: process, mount or namespace. */
  close(): Promise<void>;
}

const dataSize = "6g";

/** A killed engine's containerd dies with it and leaves its pid file: a new engine would take even its zombie for alive. */
async function removeStale(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  if (!pid) return;
  await until(() => startTime(pid) === undefined, {
    ...{ what: "the killed engine's containerd to end", deadlineMs: 10_000, everyMs: 20 },
  });
  await rm(pidFile);
}

/** Starts it and gives it images of the machine's own engine. */
export async function secondEngine(
  name: string,
  images: string[],
  env: Record<string, string | undefined>,
): Promise<SecondEngine> {
  const outside = createRun(process.env);
  const folder = await mkdtemp(join(tmpdir(), `berth-${name}-`));
  const dataRoot = join(folder, "data");
  const logFile = join(folder, "dockerd.log");
  const host = `unix://${join(folder, "docker.sock")}`;
  const enter = createRun({ ...env, DOCKER_HOST: host });
  const inNamespace = [`--net=/run/netns/${name}`];
  const inside: Run = (command, args, options) =>
    enter("nsenter", [...inNamespace, command, ...args], options);
  let daemon: ChildProcess | undefined;
  let runsAlone = false;

  const fallen = async () => {
    if (daemon?.exitCode === null && daemon.signalCode === null) return undefined;
    const said = (await readFile(logFile, "utf8").catch(() => "")).trimEnd().split("\n").slice(-20);
    return `The second engine ended (${daemon?.signalCode ?? daemon?.exitCode}):\n${said.join("\n")}`;
  };
  const start = async ({ alone = false } = {}) => {
    runsAlone = alone;
    const roots = ["--data-root", dataRoot, "--exec-root", join(folder, "exec")];
    const options = [...roots, "--pidfile", join(folder, "pid"), `--live-restore=${alone}`];
    await rm(join(folder, "pid"), { force: true });
    await removeStale(join(folder, "exec", "containerd", "containerd.pid"));
    const log = openSync(logFile, "a");
    daemon = spawn("nsenter", [...inNamespace, "dockerd", "--host", host, ...options], {
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    const answers = async () => {
      const end = await fallen();
      if (end) throw new Error(end);
      return inside("docker", ["version"]).then(
        () => true,
        () => false,
      );
    };
    await until(answers, { what: "the second engine to answer", deadlineMs: 60_000, everyMs: 200 });
  };
  const stop = async (signal: "SIGTERM" | "SIGKILL") => {
    if (!daemon || (await fallen())) return;
    const ended = once(daemon, "exit");
    daemon.kill(signal);
    await ended;
    if (signal === "SIGKILL" && !runsAlone) await killContainers();
  };
  /** A shim has its container's first process as its child, with which the whole container dies. */
  const killContainers = async () => {
    for (const shim of (await outside("pgrep", ["-f", folder]).catch(() => "")).split("\n").filter(Boolean))
      await killTree(shim);
  };
  /** A process and all below it, the lowest first. One that has just ended is no failure. */
  const killTree = async (pid: string): Promise<void> => {
    const below = (await outside("pgrep", ["-P", pid]).catch(() => "")).split("\n").filter(Boolean);
    for (const child of below) await killTree(child);
    await outside("sh", ["-c", `kill -KILL ${pid} 2>/dev/null || true`]);
  };
  /** Processes in the namespace, and shims, which name the folder. */
  const running = async () => {
    const lists = [outside("ip", ["netns", "pids", name]), outside("pgrep", ["-f", folder]).catch(() => "")];
    return [...new Set((await Promise.all(lists)).join("\n").split("\n").filter(Boolean))];
  };
  /** Its number and command; empty when it is gone or a zombie. */
  const describe = async (pid: string) => {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return command === "" ? "" : `${pid} ${command.replaceAll("\0", " ").trimEnd()}`;
  };
  const close = async () => {
    if (daemon) {
      // Only an engine takes its containers away whole.
      if (await fallen()) await start();
      await inside("sh", ["-c", "docker ps -aq | xargs -r docker rm -f"]);
      await stop("SIGTERM");
    }
    const left = await until(async () => ((await running()).length === 0 ? [] : undefined), {
      ...{ what: "all processes of the second engine to end", deadlineMs: 10_000, everyMs: 100 },
    }).catch(running);
    const named = await Promise.all(left.map(describe));
    for (const pid of left) await killTree(pid);
    // Overlays of containers that were killed with their engine are still mounted under the data root.
    await outside("sh", ["-c", `grep -o '${folder}[^ ]*' /proc/mounts | sort -r | xargs -r umount -l`]);
    await outside("ip", ["netns", "del", name]);
    await rm(folder, { recursive: true, force: true });
    // containerd 1.6 that was killed while it started a container never ends its shim; anything else would be Berth's.
    const ours = named.filter((what) => what !== "" && !/^\d+ \S*containerd-shim/.test(what));
    if (ours.length > 0) throw new Error(`The second engine left processes, now killed:\n${ours.join("\n")}`);
  };

  await outside("ip", ["netns", "add", name]);
  try {
    await inside("ip", ["link", "set", "lo", "up"]);
    await outside("mkdir", ["-p", dataRoot]);
    await outside("mount", ["-t", "tmpfs", "-o", `size=${dataSize}`, "berth-test", dataRoot]);
    await start();
    if (images.length > 0)
      await outside("sh", ["-c", `docker save ${images.join(" ")} | docker -H ${host} load`]);
    return { host, dataRoot, inside, start, stop, fallen, close };
  } catch (error) {
    await close();
    throw error;
  }
}
