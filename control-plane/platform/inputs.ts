import { createHash } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { redisConf, traefikConf } from "../../components/platform/index.ts";
import type { PlatformConfig } from "../../stacks/platform/contract.ts";
import { dataPaths, logins, projectRoot } from "../paths.ts";
import { apiHost, gatewayOf, portsByService, type Settings } from "../settings.ts";
import { writeWhole } from "../whole-file.ts";
import type { PlatformTools } from "./tools.ts";

/** The stack's config but for the images' user numbers, which are asked for only when something is to be made. */
export type Inputs = Omit<PlatformConfig, "postgres" | "redis"> & {
  postgres: Omit<PlatformConfig["postgres"], "uid" | "gid">;
  redis: Omit<PlatformConfig["redis"], "uid" | "gid">;
};

/** Makes the stack's inputs from the settings, and the files with passwords that containers get. */
export async function makeInputs(settings: Settings, tools: PlatformTools): Promise<Inputs> {
  const paths = dataPaths(settings.dataDir);
  const folder = join(settings.dataDir, "platform");
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
      passwordFile: {
        path: paths.postgresPassword,
        sha256: sha256(await readFile(paths.postgresPassword, "utf8")),
      },
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
  };
}

/** Changes with the inputs, the images and the program itself. */
export async function inputsKey(inputs: Inputs, tools: PlatformTools): Promise<string> {
  const { odoo: _, ...images } = tools.images;
  const parts = [JSON.stringify(inputs), JSON.stringify(images)];
  for (const folder of ["components/platform", "stacks/platform"]) {
    for (const name of (await readdir(join(projectRoot, folder))).sort()) {
      if (name.endsWith(".ts")) parts.push(name, await readFile(join(projectRoot, folder, name), "utf8"));
    }
  }
  return sha256(parts.join("\0"));
}

async function configFile(path: string, text: string): Promise<{ path: string; sha256: string }> {
  await writeWhole(path, text);
  return { path, sha256: sha256(text) };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A quarter of the memory, from 128 MiB to 2 GiB. */
function sharedBuffersMb(): number {
  const quarter = Math.floor(totalmem() / 2 ** 20 / 4);
  return Math.min(2048, Math.max(128, Math.floor(quarter / 64) * 64));
}
