import { mkdir, readdir, readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { redisConf, traefikConf } from "../../components/platform/index.ts";
import type { PlatformConfig } from "../../stacks/platform/contract.ts";
import { dataPaths, logins, projectRoot } from "../paths.ts";
import { portsByService } from "../ports.ts";
import { apiHost, gatewayOf, type Settings } from "../settings.ts";
import { configFile, fileAsItIs, sha256 } from "./input-files.ts";
import type { Run } from "./run.ts";
import { makeToolInputs } from "./tool-inputs.ts";
import type { PlatformTools } from "./tools.ts";

/** The stack's config but for the images' user numbers, which are asked for only when something is to be made. */
export type Inputs = Omit<PlatformConfig, "postgres" | "redis"> & {
  postgres: Omit<PlatformConfig["postgres"], "uid" | "gid">;
  redis: Omit<PlatformConfig["redis"], "uid" | "gid">;
};

/** Makes the stack's inputs from the settings, and the files with passwords that containers get. */
export async function makeInputs(settings: Settings, tools: PlatformTools, run: Run): Promise<Inputs> {
  const paths = dataPaths(settings.dataDir);
  const folder = paths.platform;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const redisPassword = (await readFile(paths.redisPassword, "utf8")).trim();
  const redis = redisConf({ port: settings.redisPort, password: redisPassword });
  const traefik = traefikConf({ ...settings, adminPort: settings.traefikAdminPort, redisPassword });
  return {
    version: 1,
    env: settings.env,
    network: { subnet: settings.tenantSubnet, gateway: gatewayOf(settings.tenantSubnet) },
    postgres: {
      image: tools.images.postgres.ref,
      port: settings.postgresPort,
      socketFolder: paths.postgresSocketFolder,
      controlLogins: [...logins],
      sharedBuffersMb: sharedBuffersMb(),
      maxConnections: 500,
      passwordFile: await fileAsItIs(paths.postgresPassword),
    },
    redis: {
      image: tools.images.redis.ref,
      port: settings.redisPort,
      configFile: await configFile(join(folder, "redis.conf"), redis),
    },
    traefik: {
      image: tools.images.traefik.ref,
      httpPort: settings.httpPort,
      adminPort: settings.traefikAdminPort,
      configFile: await configFile(join(folder, "traefik.yml"), traefik),
      api: { host: apiHost(settings), ports: portsByService(settings) },
    },
    tools: await makeToolInputs(settings, tools, run),
  };
}

/** Changes with the inputs, the images and the program itself. */
export async function inputsKey(inputs: Inputs, tools: PlatformTools): Promise<string> {
  const text = JSON.stringify(inputs);
  const images = Object.values(tools.images).filter(({ ref }) => text.includes(`"${ref}"`));
  const parts = [text, ...images.map(({ digest }) => digest).toSorted()];
  for (const folder of ["components/platform", "stacks/platform"]) {
    for (const name of (await readdir(join(projectRoot, folder))).sort()) {
      if (name.endsWith(".ts")) parts.push(name, await readFile(join(projectRoot, folder, name), "utf8"));
    }
  }
  return sha256(parts.join("\0"));
}

/** A quarter of the memory, from 128 MiB to 2 GiB. */
function sharedBuffersMb(): number {
  const quarter = Math.floor(totalmem() / 2 ** 20 / 4);
  return Math.min(2048, Math.max(128, Math.floor(quarter / 64) * 64));
}
