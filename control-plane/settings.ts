import { createHash } from "node:crypto";
import { cpus, homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { type PortSettings, portNumbers, sharedPort } from "./ports.ts";
import { type ToolPort, toolList, toolNames, toolPortVariables } from "./tool-names.ts";

const port = z.coerce.number().int().min(1).max(65535);
const hostAndPort = z
  .string()
  .refine((text) => isHostAndPort(text), "must be host:port, without http:// and without a path");
const cidr = z.cidrv4();
const proxies = z
  .string()
  .transform((text) => text.split(",").map((one) => one.trim()))
  .pipe(
    z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], "must be addresses or networks (CIDR)")),
  );

// Printed by `berth env`, and in the environment of what Pulumi starts: no place for a password.
const serverUrl = z
  .url({ protocol: /^postgres(ql)?$/, error: "must be postgres://user@host:port/database" })
  .refine((url) => new URL(url).username !== "", {
    error: "names no user: postgres://user@host:port/database",
  })
  .refine((url) => new URL(url).password === "", {
    error: "holds a password; leave it out, passwords are read from the data folder",
  });

const smtpUrl = z
  .url({ protocol: /^smtps?$/, error: "must be smtp://host:port or smtps://user@host" })
  .refine((url) => new URL(url).password === "", {
    error: "holds a password; put it into secrets/smtp-password in the data folder",
  });

function isHostAndPort(text: string): boolean {
  const url = URL.parse(`http://${text}`);
  return (
    /:\d+$/.test(text) && url?.href === `http://${url?.host}/` && url.username === "" && url.port !== "0"
  );
}

/** The project's address and nothing more; over http only on this machine, where a local Supabase answers. */
function isProject(text: string): boolean {
  const url = URL.parse(text);
  if (url?.href !== `${url?.origin}/`) return false;
  return (
    url.protocol === "https:" ||
    (url.protocol === "http:" && ["127.0.0.1", "localhost"].includes(url.hostname))
  );
}
const supabaseUrl = z
  .string()
  .refine(isProject, "must be https://<project>.supabase.co; http is for 127.0.0.1 and localhost only")
  .transform((text) => new URL(text).origin);

/**
 * Every setting an environment has, with the variable that sets it. docs/reference/settings.md is made of this.
 * Two environments on one machine differ in `BERTH_ENV`, the ports and the tenants' subnet.
 */
export const variables = z.object({
  /** Names the environment and prefixes its containers, networks and volumes. */
  BERTH_ENV: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,9}$/, "must be 1 to 10 of a-z, 0-9 and -, beginning with a letter")
    .default("dev"),
  /** Tenants answer at `<slug>.<domain>`. */
  BERTH_DOMAIN: z.hostname().default("localhost"),
  /** Is added to every port that is not set, so that a second environment on this machine needs only this. */
  BERTH_PORT_OFFSET: z.coerce.number().int().min(0).max(50_000).default(0),
  /** Traefik's public HTTP port, on all addresses. */
  BERTH_HTTP_PORT: port.optional(),
  /** `together`: the three services are one process on one port. `apart`: each is a process on its own port. */
  BERTH_SERVICES: z.enum(["together", "apart"]).default("together"),
  /** The services' port when they are together, on 127.0.0.1. */
  BERTH_API_PORT: port.optional(),
  /** The user service's port when they are apart, on 127.0.0.1. */
  BERTH_USER_PORT: port.optional(),
  /** The tenant service's. */
  BERTH_TENANT_PORT: port.optional(),
  /** The instance service's. */
  BERTH_INSTANCE_PORT: port.optional(),
  /** The provisioner's figures, on 127.0.0.1. */
  BERTH_PROVISIONER_PORT: port.optional(),
  /** Traefik's ping, API and figures, on 127.0.0.1. */
  BERTH_TRAEFIK_ADMIN_PORT: port.optional(),
  /** Proxies before the control plane, comma separated: only they are believed where a request came from. */
  BERTH_PROXIES: proxies.optional(),
  /** The platform's PostgreSQL, on 127.0.0.1 and on the gateway of the tenants' network. */
  BERTH_POSTGRES_PORT: port.optional(),
  /** The platform's Redis, on 127.0.0.1. */
  BERTH_REDIS_PORT: port.optional(),
  /** What the platform has for people beside what tenants need: some of prometheus, grafana, pgadmin, mailpit, or `none`. */
  BERTH_TOOLS: toolList.default([...toolNames]),
  /** How often Prometheus reads figures and looks at its rules; these look at the figures of a minute. */
  BERTH_SCRAPE_SECONDS: z.coerce.number().int().min(1).max(30).default(15),
  /** Whom Prometheus tells of alerts, `host:port` of an Alertmanager. Default: nobody. */
  BERTH_ALERTMANAGER: hostAndPort.optional(),
  ...(Object.fromEntries(
    Object.values(toolPortVariables).map(({ variable }) => [variable, port.optional()]),
  ) as Record<(typeof toolPortVariables)[ToolPort]["variable"], z.ZodOptional<typeof port>>),
  /** Fixed addresses of instances are taken from here. */
  BERTH_TENANT_SUBNET: cidr.default("10.213.0.0/20"),
  /** Name servers of tenants' containers, comma separated; tenants may not reach private ones. */
  BERTH_TENANT_DNS: z.string().default("9.9.9.9,1.1.1.1"),
  /** The environment's files: secrets, logs, state. Default: `~/.local/share/berth/<environment>`. */
  BERTH_DATA_DIR: z.string().optional(),
  /** What is downloaded or built, for all environments of this user. Default: `~/.cache/berth`. */
  BERTH_CACHE_DIR: z.string().optional(),
  /** Server of the tenants' databases, without a password. Default: the platform's own. */
  BERTH_TENANTS_DATABASE_URL: serverUrl.optional(),
  /** Server of the control plane's own databases, without a password. Default: the platform's own. */
  BERTH_PLATFORM_DATABASE_URL: serverUrl.optional(),
  /** Operations that may run at once; each has a warm worker, of half a GB with its plugins. As many as cores, 2 to 4. */
  BERTH_WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(32)
    .default(() => Math.min(Math.max(cpus().length, 2), 4)),
  /** Stacks initialised ahead (a state row and a salt). */
  BERTH_RESERVE: z.coerce.number().int().min(0).max(100).default(8),
  /** How many of them have an engine that was started ahead and waits; each takes 65 MB of memory. */
  BERTH_ENGINES_AHEAD: z.coerce.number().int().min(0).max(100).default(8),
  /** The mail server; its password is in the data folder, in `secrets/smtp-password`. Default: Mailpit, or mails are kept as files. */
  BERTH_SMTP_URL: smtpUrl.optional(),
  /** Whom mails come from. Default: `berth@<domain>`. */
  BERTH_MAIL_FROM: z.email().optional(),
  /** A Supabase project whose users' access tokens are accepted. */
  SUPABASE_URL: supabaseUrl.optional(),
  /** What a project of the legacy kind signs with (HS256); better in the data folder, in `secrets/supabase-jwt-secret`. */
  SUPABASE_JWT_SECRET: z.string().min(32, "must have 32 characters at least").optional(),
  /** What is written into logs: this and what is graver. */
  BERTH_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal"]).default("info"),
  /** Where data folders are, if not in `~/.local/share`. */
  XDG_DATA_HOME: z.string().optional(),
});

export interface Settings extends PortSettings {
  env: string;
  domain: string;
  scrapeSeconds: number;
  /** `host:port` of the Alertmanager that is told of alerts. */
  alertmanager: string | undefined;
  /** Addresses or networks of proxies whose X-Forwarded-For is believed. */
  proxies: string[];
  /** CIDR; its first address is the gateway. */
  tenantSubnet: string;
  tenantDns: string[];
  dataDir: string;
  cacheDir: string;
  /** `postgres://user@host:port/postgres`: the password comes from the pgpass file. */
  tenantsDatabaseUrl: string;
  platformDatabaseUrl: string;
  workers: number;
  reserve: number;
  enginesAhead: number;
  /** Mailpit's where none is set and it is there. Without one mails are kept as files in the data folder. */
  smtpUrl: string | undefined;
  mailFrom: string;
  /** `url` without a slash at its end; `secret` is the one of the environment, see openSupabase. */
  supabase: { url: string; secret: string | undefined } | undefined;
  logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
}

/** A setting that cannot be used; the message names the variable and what it must be. */
export class SettingsError extends Error {
  override name = "SettingsError";
}

/** What variables say; throws {@link SettingsError} naming every bad one. */
export function parseVariables<Schema extends z.ZodType>(
  schema: Schema,
  env: Record<string, string | undefined>,
): z.output<Schema> {
  // An empty variable means "not set": that is what a shell's `VAR= command` is used for.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new SettingsError(`Settings that cannot be used:\n  ${lines.join("\n  ")}`);
}

/** Reads an environment's settings; throws {@link SettingsError} naming every bad variable. */
export function parseSettings(env: Record<string, string | undefined>): Settings {
  const v = parseVariables(variables, env);
  const ports = portNumbers(v, v.BERTH_PORT_OFFSET);
  const server = `postgres://provisioner@127.0.0.1:${ports.postgresPort}/postgres`;
  const dataHome = v.XDG_DATA_HOME ?? join(homedir(), ".local", "share");
  const caught = v.BERTH_TOOLS.includes("mailpit") ? `smtp://127.0.0.1:${ports.toolPorts.smtp}` : undefined;
  const settings: Settings = {
    env: v.BERTH_ENV,
    domain: v.BERTH_DOMAIN,
    ...ports,
    services: v.BERTH_SERVICES,
    tools: v.BERTH_TOOLS,
    scrapeSeconds: v.BERTH_SCRAPE_SECONDS,
    alertmanager: v.BERTH_ALERTMANAGER,
    proxies: v.BERTH_PROXIES ?? [],
    tenantSubnet: v.BERTH_TENANT_SUBNET,
    tenantDns: v.BERTH_TENANT_DNS.split(",").map((address) => address.trim()),
    dataDir: resolve(v.BERTH_DATA_DIR ?? join(dataHome, "berth", v.BERTH_ENV)),
    cacheDir: resolve(v.BERTH_CACHE_DIR ?? join(homedir(), ".cache", "berth")),
    tenantsDatabaseUrl: v.BERTH_TENANTS_DATABASE_URL ?? server,
    platformDatabaseUrl: v.BERTH_PLATFORM_DATABASE_URL ?? server,
    workers: v.BERTH_WORKERS,
    reserve: v.BERTH_RESERVE,
    enginesAhead: v.BERTH_ENGINES_AHEAD,
    smtpUrl: v.BERTH_SMTP_URL ?? caught,
    mailFrom: v.BERTH_MAIL_FROM ?? `berth@${v.BERTH_DOMAIN}`,
    supabase: v.SUPABASE_URL ? { url: v.SUPABASE_URL, secret: v.SUPABASE_JWT_SECRET } : undefined,
    logLevel: v.BERTH_LOG_LEVEL,
  };
  // Its tokens say who issued them, and only the project's address tells whether that is right.
  if (v.SUPABASE_JWT_SECRET && !v.SUPABASE_URL)
    throw new SettingsError("SUPABASE_JWT_SECRET: set SUPABASE_URL as well, the address of its project.");
  const shared = sharedPort(settings);
  if (shared) throw new SettingsError(shared);
  return settings;
}

/** Variables whose value is a secret: only the services need them. */
export const secretVariables = ["SUPABASE_JWT_SECRET", "DB_SERVICE_PASSWORD"];

/** An environment for a process that is to know no secret. */
export function withoutSecrets(env: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secretVariables.includes(name)));
}

/** Stands for all settings together: two that are the same have the same. */
export function fingerprint(settings: Settings): string {
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 16);
}

/** The gateway of the tenants' network: the first address of its subnet. */
export function gatewayOf(subnet: string): string {
  const [base = "", bits = "32"] = subnet.split("/");
  const number = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".");
}

/** True for the server that the platform stack runs. */
export function isOwnServer(settings: Pick<Settings, "postgresPort">, server: URL): boolean {
  const local = server.hostname === "localhost" || server.hostname === "127.0.0.1";
  return local && Number(server.port || "5432") === settings.postgresPort;
}

/** Proxies that are believed where a request came from: the operator's, and Traefik, which is on this machine. */
export function proxiesOf({ proxies }: Pick<Settings, "proxies">): string[] {
  return ["127.0.0.1", ...proxies];
}

/** The host name that Traefik gives to the services. */
export function apiHost({ domain }: Pick<Settings, "domain">): string {
  return `api.${domain}`;
}
