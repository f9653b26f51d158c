import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { dataPaths } from "../paths.ts";
import { serviceConfinement, serviceEnvironment } from "../service-confinement.ts";
import { type ServiceName, serviceNames } from "../service-names.ts";
import { type Settings, withoutSecrets } from "../settings.ts";
import { confine } from "../supervisor/confine.ts";
import type { CommandLine } from "./command-line.ts";

/** Runs inside: whether its user gets to all that it is shown. */
const looks = `
try { for (const path of process.argv.slice(1)) fs.accessSync(path, fs.constants.R_OK); }
catch (error) { console.error(error.message); process.exitCode = 1; }`;

/**
 * Confines a program as each service will be, once, so that whoever starts them is told why it cannot be done. The supervisor
 * would only start them again and again.
 */
export async function checkConfinement(args: {
  settings: Settings;
  env: CommandLine["env"];
  node: string;
}): Promise<void> {
  const { settings } = args;
  await mkdir(dataPaths(settings.dataDir).confined, { recursive: true, mode: 0o700 });
  const names = settings.services === "together" ? (["together"] as const) : serviceNames;
  const checks = await Promise.allSettled(names.map((name) => check(name, args)));
  for (const one of checks) if (one.status === "rejected") throw one.reason;
}

async function check(
  name: ServiceName | "together",
  { settings, env, node }: Parameters<typeof checkConfinement>[0],
): Promise<void> {
  const confinement = serviceConfinement(name, settings, { node, certificates: env.NODE_EXTRA_CA_CERTS });
  const plain = { command: node, args: ["-e", looks, ...confinement.reads] };
  const { command, args } = confine(plain, confinement);
  const child = spawn(command, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: serviceEnvironment(withoutSecrets(env), settings),
  });
  const said = text(child.stderr);
  const failed = await once(child, "close").then(
    async ([code, signal]) =>
      code === 0 ? undefined : (await said).trim() || `it ended with ${signal ?? code}`,
    (error: Error) => error.message,
  );
  if (failed === undefined) return;
  // mount's hint to look at the kernel's messages helps nobody here.
  const lines = failed.split("\n").filter((line) => !line.includes("dmesg(1)"));
  const why = lines.join("; ").replace(/\.$/, "");
  const what = name === "together" ? "The services" : `The ${name} service`;
  throw new Error(
    `${what} cannot be confined: ${why}. That takes root with the right to mount (CAP_SYS_ADMIN), unshare, mount and setpriv (Debian's util-linux and mount), and a folder of this program that everybody may read.`,
  );
}
