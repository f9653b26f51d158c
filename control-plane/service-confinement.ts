import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { dataPaths, projectRoot } from "./paths.ts";
import { type ServiceName, serviceNames } from "./service-names.ts";
import { serviceUsers } from "./service-users.ts";
import type { Settings } from "./settings.ts";
import type { Confinement } from "./supervisor/confine.ts";

/** What Node and a name's address are found by. */
const system = ["/usr", "/etc", "/dev/urandom"];

/** Parts of the project that services are made of. */
const program = ["control-plane", "stacks", "node_modules", "package.json"].map((name) =>
  join(projectRoot, name),
);

/**
 * What the process of a service sees of this machine: the program, its own secrets, PostgreSQL's socket; no other secret, no
 * engine's socket, no other process. `together`: what all three need. Throws when the data folder lies in what is shown to all.
 */
export function serviceConfinement(
  name: ServiceName | "together",
  settings: Settings,
  { node, certificates }: { node: string; certificates?: string | undefined },
): Confinement {
  const within = shownAround(settings.dataDir);
  if (within !== undefined)
    throw new Error(
      `The data folder ${settings.dataDir} lies in ${within}, which every service is shown whole. Set BERTH_DATA_DIR to a folder outside of it.`,
    );
  const paths = dataPaths(settings.dataDir);
  const own = name === "together" ? serviceNames : [name];
  const mails = settings.smtpUrl === undefined && own.includes("user");
  const optional = [paths.postgresSocketFolder, nameServers(), certificates];
  return {
    user: serviceUsers[name],
    reads: [
      ...system,
      node,
      ...program,
      ...own.map((one) => paths.serviceFiles(one).folder),
      ...optional.filter((path) => path !== undefined && existsSync(path)),
    ] as string[],
    writes: ["/dev/null", ...(mails ? [paths.mail] : [])],
    root: paths.confined,
  };
}

/** The folder among those shown whole that holds the data folder, if any does. */
function shownAround(dataDir: string): string | undefined {
  const real = existsSync(dataDir) ? realpathSync(dataDir) : dataDir;
  return [...system, ...program].find((shown) => `${real}/`.startsWith(`${shown}/`));
}

/** Where /etc/resolv.conf is a link, its folder: the file itself is replaced whenever a name server changes. */
function nameServers(): string | undefined {
  return existsSync("/etc/resolv.conf") ? dirname(realpathSync("/etc/resolv.conf")) : undefined;
}

/** Of an operator's environment, what a service is told. The rest may be theirs alone. */
const told = /^(BERTH_|SUPABASE_|NODE_|LC_|(LANG|TZ|PATH|(https?|no|all)_proxy)$)/i;

/** The environment of a service's process. */
export function serviceEnvironment(
  env: Record<string, string | undefined>,
  settings: Pick<Settings, "dataDir">,
): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(([name]) => told.test(name));
  return { ...Object.fromEntries(kept), BERTH_DATA_DIR: settings.dataDir, HOME: "/" };
}
