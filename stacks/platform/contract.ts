import { z } from "zod";

/** What goes into the platform's stack and what comes out of it. This file is the only place where both are defined. */

const port = z.int().min(1).max(65535);
/** A file of this machine that is copied into a container, and the SHA-256 of its text. */
const file = z.strictObject({ path: z.string().startsWith("/"), sha256: z.string().length(64) });
const id = z.string().regex(/^\d+$/);

const part = { image: z.string().min(1), port };
const prometheusConfig = z.strictObject({
  ...part,
  scrapeSeconds: z.int().min(1),
  /** Ports on 127.0.0.1 that figures are read from, by job. */
  jobs: z.record(
    z.string().regex(/^[a-z]+$/),
    z.array(z.strictObject({ port, labels: z.record(z.string(), z.string()).optional() })),
  ),
  /** `host:port` of who is told of alerts. */
  alertmanager: z.string().optional(),
  alerts: z.array(file.extend({ name: z.string().regex(/^[\w.-]+\.yml$/) })),
  passwordFile: file,
  exporters: z.strictObject({
    postgres: z.strictObject({ ...part, server: z.string(), login: z.string(), passwordFile: file }),
    redis: z.strictObject({ ...part, redisPort: port, passwordsFile: file }),
    node: z.strictObject({ ...part, engineRoot: z.string().startsWith("/") }),
  }),
});

const mailpitConfig = z.strictObject({ ...part, smtpPort: port, authFile: file });

const pgadminConfig = z.strictObject({
  ...part,
  /** Address that one signs in with. */
  email: z.email(),
  passwordFile: file,
  servers: z.array(z.strictObject({ name: z.string(), host: z.string(), port, login: z.string() })),
  pgpassFile: file,
});

const grafanaConfig = z.strictObject({
  ...part,
  passwordFile: file,
  /** Of Prometheus, where it is there. */
  prometheusPort: port.optional(),
  dashboards: z.array(file.extend({ name: z.string().regex(/^[\w.-]+\.json$/) })),
});

/** Value of the config key `berth-platform:platform`. Holds no secret: files are named, not quoted. */
const platformConfig = z.strictObject({
  version: z.literal(1),
  /** Name of the environment: prefix of containers, volumes, network and bridge. */
  env: z.string().regex(/^[a-z][a-z0-9-]{0,9}$/, "is not an environment name"),
  network: z.strictObject({ subnet: z.cidrv4(), gateway: z.ipv4() }),
  postgres: z.strictObject({
    image: z.string().min(1),
    uid: id,
    gid: id,
    port,
    /** Folder of this machine that gets the server's Unix socket. */
    socketFolder: z.string().startsWith("/"),
    /** Logins that may come from 127.0.0.1 only, and then to any database they may connect to. */
    controlLogins: z.array(z.string().regex(/^[a-z_]+$/)),
    /** MiB. */
    sharedBuffersMb: z.int().min(16),
    maxConnections: z.int().min(20),
    passwordFile: file,
  }),
  redis: z.strictObject({ image: z.string().min(1), uid: id, gid: id, port, configFile: file }),
  traefik: z.strictObject({
    image: z.string().min(1),
    httpPort: port,
    adminPort: port,
    configFile: file,
    /** The control plane's host name, and the port on 127.0.0.1 for the first part of each path. */
    api: z.strictObject({ host: z.hostname(), ports: z.record(z.string().regex(/^[a-z]+$/), port) }),
  }),
  /** What people have beside what tenants need; what is not named is not there. */
  tools: z.strictObject({
    prometheus: prometheusConfig.optional(),
    mailpit: mailpitConfig.optional(),
    pgadmin: pgadminConfig.optional(),
    grafana: grafanaConfig.optional(),
  }),
});
export type PlatformConfig = z.infer<typeof platformConfig>;

/** What `pulumi stack output --json` shows. */
export const platformStackOutputs = z.object({
  network: z.object({ name: z.string(), bridge: z.string(), subnet: z.string(), gateway: z.string() }),
  postgres: z.object({ container: z.string(), host: z.string(), port }),
  redis: z.object({ container: z.string(), port }),
  traefik: z.object({ container: z.string(), httpPort: port, entryPoint: z.string() }),
  /** Ports on 127.0.0.1 of the tools that are there. */
  tools: z.record(z.string(), port),
});

/** Parses the value of `berth-platform:platform`. Throws an Error whose message names each wrong field. */
export function parse(value: unknown): PlatformConfig {
  const parsed = platformConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(all)"}: ${issue.message}`);
  throw new Error(`The stack's config "berth-platform:platform" does not fit: ${wrong.join("; ")}`);
}
