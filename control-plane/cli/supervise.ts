import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createLog } from "../observability/log.ts";
import { dataPaths } from "../paths.ts";
import { fingerprint, type Settings, withoutSecrets } from "../settings.ts";
import { supervise } from "../supervisor/supervise.ts";
import type { CommandLine } from "./command-line.ts";

/** Runs the supervisor in this process until it is asked to stop. */
export async function superviseHere({ settings, env, node, main }: CommandLine & { settings: Settings }) {
  const paths = dataPaths(settings.dataDir);
  await mkdir(paths.log, { recursive: true, mode: 0o700 });
  await mkdir(paths.run, { recursive: true, mode: 0o700 });
  const child = (name: string, verb: string, env: CommandLine["env"]) => ({
    name,
    command: node,
    args: [main, verb],
    env,
    logFile: join(paths.log, `${name}.log`),
  });
  await supervise({
    socket: paths.supervisorSocket,
    children: [child("services", "serve", env), child("provisioner", "provision", withoutSecrets(env))],
    settings: fingerprint(settings),
    log: createLog(settings, "supervisor"),
  });
}
