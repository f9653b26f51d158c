import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { DatabaseLogin } from "./database.ts";
import { type ServiceKeys, serviceKeys } from "./keys.ts";
import { readSecret } from "./login.ts";
import type { ServiceName } from "./service-names.ts";
import { parseVariables, type Settings, SettingsError } from "./settings.ts";

const text = z.string({ error: "must be set for a service that runs alone" }).min(1);

export const variables = z
  .object({
    /** The service's own login. */
    DB_SERVICE_USER: text,
    /** Its password. */
    DB_SERVICE_PASSWORD: z.string().optional(),
    /** Better: the file that holds it. One of the two must be set. */
    DB_SERVICE_PASSWORD_FILE: z.string().optional(),
    /** A name, an address, or the folder of a Unix socket. */
    POSTGRES_HOST: text,
    /** Where it listens, or what its socket is named by. */
    POSTGRES_PORT: z.coerce.number().int().min(1).max(65_535).default(5432),
    /** The service's database: `auth`, `tenant` or `instance`. */
    POSTGRES_DB: text,
    /** File with the service's keys: `<data>/services/<service>/keys.json`. */
    BERTH_KEYS_FILE: text,
    /** File with Redis' password: `<data>/services/<service>/redis-password`. */
    BERTH_REDIS_PASSWORD_FILE: text,
    /** Address of this machine that it listens on. Everybody who reaches it may ask: another one takes a proxy that does TLS. */
    BERTH_LISTEN: z.union([z.ipv4(), z.ipv6()], "must be an address of this machine").default("127.0.0.1"),
    /** Where the user service answers. Default: this machine, at its port. */
    BERTH_USER_URL: z.url().optional(),
    /** Where the tenant service answers. */
    BERTH_TENANT_URL: z.url().optional(),
    /** Where the instance service answers. */
    BERTH_INSTANCE_URL: z.url().optional(),
  })
  .refine((v) => v.DB_SERVICE_PASSWORD !== undefined || v.DB_SERVICE_PASSWORD_FILE !== undefined, {
    path: ["DB_SERVICE_PASSWORD"],
    error: "must be set for a service that runs alone, or DB_SERVICE_PASSWORD_FILE",
    // Told together with what else is missing.
    when: () => true,
  });

/** What a service needs besides the settings when it runs alone: nothing of another service's. */
export interface ServiceSettings<Name extends ServiceName> {
  login: DatabaseLogin;
  keys: ServiceKeys[Name];
  redisPassword: string;
  listen: string;
  /** Where each service answers. */
  urls: Record<ServiceName, string>;
}

/** Reads the variables of a service that runs alone, and the files they name. Throws {@link SettingsError}. */
export async function readServiceSettings<Name extends ServiceName>(
  service: Name,
  settings: Settings,
  env: Record<string, string | undefined>,
): Promise<ServiceSettings<Name>> {
  const v = parseVariables(variables, env);
  const here = (name: ServiceName) => `http://127.0.0.1:${settings.servicePorts[name]}`;
  return {
    login: {
      ...serverOf(v),
      password: v.DB_SERVICE_PASSWORD ?? (await readSecret(v.DB_SERVICE_PASSWORD_FILE ?? "")),
    },
    keys: await readKeys(service, v.BERTH_KEYS_FILE),
    redisPassword: await readSecret(v.BERTH_REDIS_PASSWORD_FILE),
    listen: v.BERTH_LISTEN,
    urls: {
      user: v.BERTH_USER_URL ?? here("user"),
      tenant: v.BERTH_TENANT_URL ?? here("tenant"),
      instance: v.BERTH_INSTANCE_URL ?? here("instance"),
    },
  };
}

function serverOf(v: z.output<typeof variables>): Pick<DatabaseLogin, "url" | "socketFolder"> {
  const url = new URL("postgres://127.0.0.1");
  url.username = v.DB_SERVICE_USER;
  url.port = `${v.POSTGRES_PORT}`;
  url.pathname = `/${v.POSTGRES_DB}`;
  if (v.POSTGRES_HOST.startsWith("/")) return { url: url.href, socketFolder: v.POSTGRES_HOST };
  const host = v.POSTGRES_HOST.includes(":") ? `[${v.POSTGRES_HOST}]` : v.POSTGRES_HOST;
  url.hostname = host;
  if (url.hostname !== host.toLowerCase())
    throw new SettingsError(
      `POSTGRES_HOST: ${v.POSTGRES_HOST} is no name, address or folder; a port goes to POSTGRES_PORT.`,
    );
  return { url: url.href };
}

/** A service's keys, from their file. Throws {@link SettingsError}. */
export async function readKeys<Name extends ServiceName>(
  service: Name,
  file: string,
): Promise<ServiceKeys[Name]> {
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new SettingsError(`BERTH_KEYS_FILE: the file ${file} cannot be read.`, { cause });
  });
  const parsed = serviceKeys[service].safeParse(parseJson(text));
  if (!parsed.success)
    throw new SettingsError(
      `BERTH_KEYS_FILE: the file ${file} does not hold the keys of the ${service} service.`,
    );
  return parsed.data as ServiceKeys[Name];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
