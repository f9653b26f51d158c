import { readFile } from "node:fs/promises";
import { z } from "zod";
import { dataPaths } from "../paths.ts";
import { toolNames } from "../tool-names.ts";

const port = z.int().min(1).max(65535);
const image = z.object({ ref: z.string(), digest: z.string() });

/** What the platform is, for everyone who builds on it: the file `platform.json` of the data folder. */
const platformOutputs = z.object({
  /** The database that new tenants are cloned from. */
  template: z.object({ name: z.string(), odooVersion: z.string(), key: z.string() }),
  /** The tenants' network. */
  network: z.object({ name: z.string(), bridge: z.string(), subnet: z.string(), gateway: z.string() }),
  images: z.object({
    /** `uid`: number of the image's user `odoo`, whose files the container's secrets are. */
    odoo: image.extend({ uid: z.int() }),
    postgres: image,
    redis: image,
    traefik: image,
  }),
  /** Where a tenant's container reaches its database. */
  postgres: z.object({ host: z.string(), port }),
  /** On 127.0.0.1. */
  redis: z.object({ port }),
  traefik: z.object({ httpPort: port, adminPort: port, entryPoint: z.string() }),
  /** The tools that are there, and their pages' ports on 127.0.0.1. A release from before had none. */
  tools: z.partialRecord(z.enum(toolNames), port).default({}),
});
export type PlatformOutputs = z.infer<typeof platformOutputs>;

/** Reads `platform.json`. Throws when the platform was never brought up. */
export async function readPlatform(dataDir: string): Promise<PlatformOutputs> {
  const platform = await findPlatform(dataDir);
  if (platform) return platform;
  const { platformOutputs: path } = dataPaths(dataDir);
  throw new Error(`The platform was not brought up yet, as ${path} tells. Run: bin/berth platform up`);
}

/** The same; undefined when this release never brought the platform up. */
export async function findPlatform(dataDir: string): Promise<PlatformOutputs | undefined> {
  const text = await readFile(dataPaths(dataDir).platformOutputs, "utf8").catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    },
  );
  // An earlier release may have described it otherwise.
  return text === undefined ? undefined : platformOutputs.safeParse(JSON.parse(text)).data;
}
