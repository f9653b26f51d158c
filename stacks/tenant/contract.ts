import { z } from "zod";

/** What goes into a tenant's stack and what comes out of it. This file is the only place where both are defined. */

export const tenantId = z.string().regex(/^ten_[a-z][a-z0-9]{15}$/, "is not a tenant id");
export const instanceName = z
  .string()
  .max(20)
  .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, "is not an instance name");
const hostName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/, "is not a host name");

/** Odoo's container. Defaults are what a small production tenant needs. */
const odoo = z.strictObject({
  /** Image reference, in the one form the engine knows it by. */
  image: z.string().min(1),
  /** Number of the image's user `odoo`: the password file belongs to it. */
  uid: z.int().min(1).default(100),
  /** MiB of memory; swap is not granted on top. */
  memoryMb: z.int().min(256).default(1024),
  /** CPUs, in whole or part: 0.5 is half of one. */
  cpus: z.number().min(0.01).default(1),
  /** Processes and threads. */
  pids: z.int().min(32).default(256),
  /** Connections Odoo may hold to PostgreSQL. */
  dbMaxconn: z.int().min(4).default(16),
  /** MiB per log file, and how many are kept. */
  logMaxMb: z.int().min(1).default(10),
  logFiles: z.int().min(1).default(3),
  /** Seconds between the request to stop and the kill. */
  graceSeconds: z.int().min(1).max(600).default(10),
});

const database = z.strictObject({
  /** The database this one is cloned from. Ignored once it exists. */
  template: z.string().min(1),
  /** Secret. Password of the tenant's role. */
  password: z.string().min(16),
  /** `database.uuid`, set once the instance was ready: from then on `up` refuses a missing or foreign database. */
  identity: z.uuid().optional(),
});

/** What makes a clone this tenant's own. Applied once, when the clone is adopted. */
const owner = z.strictObject({
  /** The first administrator's login. */
  login: z.string().min(1).max(254),
  /** Secret. The password as Odoo keeps it: `$pbkdf2-sha512$...`. */
  passwordHash: z
    .string()
    .regex(/^\$pbkdf2-sha512\$\d+\$[A-Za-z0-9./]+\$[A-Za-z0-9./]+$/, "is not Odoo's hash"),
  company: z.string().min(1).max(200),
  /** A language of the template, or one the one-off step loads: `fr_FR`. */
  lang: z
    .string()
    .regex(/^[a-z]{2,3}(_[A-Za-z0-9]+)?(@[A-Za-z]+)?$/, "is not a language code")
    .default("en_US"),
  /** ISO 3166 alpha-2, as in `res_country.code`. */
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "is not a country code")
    .optional(),
  /** Where people reach it, with scheme and, if not the usual one, port. */
  baseUrl: z.url({ protocol: /^https?$/ }),
});

const instance = z.strictObject({
  /** Fixed address on the tenants' network. */
  address: z.ipv4(),
  hosts: z.array(hostName).min(1),
  database,
  odoo,
  owner,
  /** The first of two passes, when modules or demo data must be loaded before container and route exist. */
  databaseOnly: z.boolean().default(false),
});

const platform = z.strictObject({
  /** Name of the environment: prefix of every container and volume. */
  env: z.string().regex(/^[a-z][a-z0-9-]{0,9}$/, "is not an environment name"),
  /** The tenants' network. */
  network: z.string().min(1),
  /** Where PostgreSQL answers a tenant: the network's gateway, or a server of the operator's. */
  postgresHost: z.ipv4(),
  postgresPort: z.int().min(1).max(65535),
  /** Traefik's entry point for routes. */
  entryPoint: z.string().min(1).default("web"),
  /** Name servers for tenants; empty means the engine's own. */
  dns: z.array(z.ipv4()).default([]),
});

/** Key of the stack's config. Not in the namespace `berth`: Pulumi would hand that to the provider of this name. */
export const configKey = { namespace: "tenant", name: "config" } as const;

/** Value of the config key. */
const tenantConfig = z.strictObject({
  version: z.literal(1),
  tenant: z.strictObject({ id: tenantId, slug: z.string().min(1), revision: z.int().min(1) }),
  platform,
  instances: z.record(instanceName, instance),
});
export type TenantConfig = z.infer<typeof tenantConfig>;
/** As `TenantConfig`, before defaults are filled in. */
export type TenantConfigInput = z.input<typeof tenantConfig>;
export type InstanceConfig = z.infer<typeof instance>;

/** What `pulumi stack output --json` shows. Holds no secret. */
export const tenantOutputs = z.object({
  instances: z.record(
    instanceName,
    z.object({
      url: z.string(),
      hosts: z.array(z.string()),
      address: z.string(),
      container: z.string(),
      volume: z.string(),
      database: z.string(),
      role: z.string(),
      /** `database.uuid`; goes back into `database.identity` once the instance is ready. */
      identity: z.string(),
    }),
  ),
});

/** Secret leaves, as paths into `TenantConfig`; `*` stands for every key. */
export const secretPaths = [
  ["instances", "*", "database", "password"],
  ["instances", "*", "owner", "passwordHash"],
] as const;

/** Parses the value of the config key. Throws an Error whose message names each wrong field and never its value. */
export function parse(value: unknown): TenantConfig {
  const parsed = tenantConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(all)"}: ${issue.message}`);
  throw new Error(`The stack's config "tenant:config" does not fit: ${wrong.join("; ")}`);
}
