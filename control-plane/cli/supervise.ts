import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { appending, createLog } from "../observability/log.ts";
import { logWholeProcess } from "../observability/whole-process.ts";
import { dataPaths } from "../paths.ts";
import { serviceConfinement, serviceEnvironment } from "../service-confinement.ts";
import { type ServiceName, serviceNames } from "../service-names.ts";
import { serviceVariables } from "../service-variables.ts";
import { fingerprint, type Settings, withoutSecrets } from "../settings.ts";
import { type Confinement, confine } from "../supervisor/confine.ts";
import { supervise } from "../supervisor/supervise.ts";
import type { CommandLine } from "./command-line.ts";

/** Of each log file: 250 MB at most. */
const keptLogs = { bytes: 50 << 20, files: 4 };

/** Runs the supervisor in this process until it is asked to stop. */
export async function superviseHere(
  { settings, env, node, main }: CommandLine & { settings: Settings },
  { watch = false }: { watch?: boolean } = {},
) {
  const paths = dataPaths(settings.dataDir);
  await mkdir(paths.log, { recursive: true, mode: 0o700 });
  await mkdir(paths.run, { recursive: true, mode: 0o700 });
  await mkdir(paths.confined, { recursive: true, mode: 0o700 });
  const log = createLog(settings, "supervisor");
  logWholeProcess(log);
  const logOf = (name: string) => {
    const logFile = join(paths.log, `${name}.log`);
    return { logFile, errors: createLog(settings, name, appending(logFile)) };
  };
  const child = (name: string, args: string[], env: CommandLine["env"], confinement?: Confinement) => {
    const plain = { command: node, args: [main, ...args] };
    return { name, ...(confinement ? confine(plain, confinement) : plain), env, ...logOf(name) };
  };
  /** One that faces the network. Only the user service needs a secret that is a variable. */
  const service = (
    name: ServiceName | "together",
    args: string[],
    variables: Record<string, string> = {},
  ) => {
    const known = name === "user" || name === "together" ? env : withoutSecrets(env);
    return child(
      name === "together" ? "services" : name,
      args,
      { ...serviceEnvironment(known, settings), ...variables },
      serviceConfinement(name, settings, { node, certificates: env.NODE_EXTRA_CA_CERTS }),
    );
  };
  const services =
    settings.services === "together"
      ? [service("together", ["serve"])]
      : serviceNames.map((name) => service(name, ["serve", name], serviceVariables(name, settings)));
  await supervise({
    socket: paths.supervisorSocket,
    children: [...services, child("provisioner", ["serve", "provisioner"], withoutSecrets(env))],
    settings: fingerprint(settings),
    log,
    kept: keptLogs,
    watches: watch,
  }).catch((error) => {
    log.fatal({ err: error }, "the supervisor could not go on");
    process.exit(1);
  });
}
