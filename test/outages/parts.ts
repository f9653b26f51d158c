import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { isServiceName } from "../../control-plane/service-names.ts";
import { serviceVariables } from "../../control-plane/service-variables.ts";
import { parseSettings } from "../../control-plane/settings.ts";

export const processNames = ["user", "tenant", "instance", "provisioner"] as const;
type ProcessName = (typeof processNames)[number];
export type PartName = ProcessName | "postgres" | "redis";

/** How a part goes away: "killed" is at once, "ended" when it is ready to, "held" is there but says nothing. */
export type Way = "killed" | "ended" | "held";

/** What the environment consists of, each part of which can be taken away for as long as a test wants. */
export interface Parts {
  startAll(): void;
  strike(part: PartName, way: Way): Promise<void>;
  bringBack(part: PartName, way: Way): Promise<void>;
  stopAll(): Promise<void>;
}

const verbs = { killed: "kill", ended: "stop", held: "pause" } as const;
const signals = { killed: "SIGKILL", ended: "SIGTERM", held: "SIGSTOP" } as const;

/** Runs `berth serve <name>` for each, with its documented variables and nobody who starts it again. */
export function openParts(berthEnv: Record<string, string>): Parts {
  const settings = parseSettings(berthEnv);
  const running = new Map<ProcessName, ChildProcess>();

  const start = (name: ProcessName) => {
    const log = openSync(join(dataPaths(settings.dataDir).log, `${name}.log`), "a", 0o600);
    const own = isServiceName(name) ? serviceVariables(name, settings) : {};
    const child = spawn(join(projectRoot, "bin/berth"), ["serve", name], {
      env: { ...process.env, ...berthEnv, ...own },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    running.set(name, child);
  };
  const signal = async (name: ProcessName, signal: NodeJS.Signals) => {
    const child = running.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null)
      throw new Error(`The ${name} process has ended by itself: ${child?.exitCode ?? child?.signalCode}.`);
    const gone = once(child, "exit");
    child.kill(signal);
    if (signal === "SIGKILL" || signal === "SIGTERM") await gone;
  };
  const docker = async (verb: "kill" | "stop" | "pause" | "start" | "unpause", server: PartName) => {
    await promisify(execFile)("docker", [verb, `berth-${settings.env}-${server}`]);
  };

  return {
    startAll: () => processNames.forEach(start),
    async strike(part, way) {
      if (part === "postgres" || part === "redis") await docker(verbs[way], part);
      else await signal(part, signals[way]);
    },
    async bringBack(part, way) {
      if (part === "postgres" || part === "redis") await docker(way === "held" ? "unpause" : "start", part);
      else if (way === "held") await signal(part, "SIGCONT");
      else start(part);
    },
    async stopAll() {
      const alive = processNames.filter((name) => {
        const child = running.get(name);
        return child && child.exitCode === null && child.signalCode === null;
      });
      // The provisioner first: it hands its operations back while the services still answer.
      for (const name of alive.toReversed()) {
        running.get(name)?.kill("SIGCONT");
        await signal(name, "SIGTERM");
      }
    },
  };
}
