import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServiceName } from "./service-names.ts";

/** The project's root: where Pulumi.yaml is and the plain CLI is run. */
export const projectRoot = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** PostgreSQL logins that Berth makes for itself; each has a password file. */
export const logins = [
  "provisioner",
  "pulumi",
  "router",
  "auth_owner",
  "auth_run",
  "tenant_owner",
  "tenant_run",
  "instance_owner",
  "instance_run",
  // Of the exporter: what PostgreSQL tells of itself.
  "monitor",
  // Of pgAdmin: reads all, writes nothing.
  "pgadmin",
] as const;
export type Login = (typeof logins)[number];

/** Where an environment keeps what. Folders are 0700, files with secrets 0600. */
export function dataPaths(dataDir: string) {
  const secrets = join(dataDir, "secrets");
  const run = join(dataDir, "run");
  const services = join(dataDir, "services");
  return {
    dataDir,
    secrets,
    /** Passphrase of every stack's secrets. */
    passphrase: join(secrets, "passphrase"),
    /** 32 bytes in base64: seals stack secrets in the instance database. */
    key: join(secrets, "key"),
    postgresPassword: join(secrets, "postgres-password"),
    redisPassword: join(secrets, "redis-password"),
    /** The command line's API key, of one of the staff. */
    apiKey: join(secrets, "api-key"),
    /** Link to the page that makes the first staff account, while there is none. */
    firstStaffLink: join(secrets, "first-staff-link"),
    /** Of the staff account that the command line has made. */
    staffPassword: join(secrets, "staff-password"),
    /** Of the tools for people: pgAdmin, Grafana, Mailpit. */
    toolsPassword: join(secrets, "tools-password"),
    /** Put there by an operator whose mail server wants one. */
    smtpPassword: join(secrets, "smtp-password"),
    /** Put there by an operator whose Supabase project signs with it. */
    supabaseJwtSecret: join(secrets, "supabase-jwt-secret"),
    /** Mails of an environment without a mail server. */
    mail: join(dataDir, "mail"),
    services,
    /** What a service is given of all secrets: copies, for its own user. */
    serviceFiles: (service: ServiceName) => ({
      folder: join(services, service),
      databasePassword: join(services, service, "database-password"),
      redisPassword: join(services, service, "redis-password"),
      /** What it needs of the key file. */
      keys: join(services, service, "keys.json"),
      smtpPassword: join(services, service, "smtp-password"),
      supabaseJwtSecret: join(services, service, "supabase-jwt-secret"),
    }),
    loginPassword: (login: Login) => join(secrets, `${login}-password`),
    pgpass: join(dataDir, "pgpass"),
    platformState: join(dataDir, "platform-state"),
    /** Files that the platform's containers get. */
    platform: join(dataDir, "platform"),
    platformOutputs: join(dataDir, "platform.json"),
    /** Says of when the last good backup of the platform is. */
    lastBackup: join(dataDir, "platform", "last-backup.json"),
    pulumiHome: join(dataDir, "pulumi"),
    stacks: join(dataDir, "stacks"),
    log: join(dataDir, "log"),
    run,
    /** Empty: what a confined process sees is put together over it. */
    confined: join(run, "confined"),
    /** Whoever listens here is the environment's supervisor. */
    supervisorSocket: join(run, "supervisor.sock"),
    /** Where the platform's PostgreSQL has its Unix socket. Anybody who gets here may write: its user does. */
    postgresSocketFolder: join(run, "postgres"),
  };
}
export type DataPaths = ReturnType<typeof dataPaths>;
