import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createLog } from "../observability/log.ts";
import { dataPaths } from "../paths.ts";
import { serviceNames } from "../service-names.ts";
import { serviceVariables } from "../service-variables.ts";
import { fingerprint, type Settings, withoutSecrets } from "../settings.ts";
import { supervise } from "../supervisor/supervise.ts";
import type { CommandLine } from "./command-line.ts";

/** Runs the supervisor in this process until it is asked to stop. */
export async function superviseHere({ settings, env, node, main }: CommandLine & { settings: Settings }) {
  const paths = dataPaths(settings.dataDir);
  await mkdir(paths.log, { recursive: true, mode: 0o700 });
  await mkdir(paths.run, { recursive: true, mode: 0o700 });
  const child = (name: string, args: string[], env: CommandLine["env"]) => ({
    name,
    command: node,
    args: [main, ...args],
    env,
    logFile: join(paths.log, `${name}.log`),
  });
  // Only the user service needs a secret that is a variable.
  const known = (name: string) => (name === "user" ? env : withoutSecrets(env));
  const services =
    settings.services === "together"
      ? [child("services", ["serve"], env)]
      : serviceNames.map((name) =>
          child(name, ["serve", name], { ...known(name), ...serviceVariables(name, settings) }),
        );
  await supervise({
    socket: paths.supervisorSocket,
    children: [...services, child("provisioner", ["serve", "provisioner"], withoutSecrets(env))],
    settings: fingerprint(settings),
    log: createLog(settings, "supervisor"),
  });
}
