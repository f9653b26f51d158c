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
] as const;
export type Login = (typeof logins)[number];

/** Where an environment keeps what. Folders are 0700, files with secrets 0600. */
export function dataPaths(dataDir: string) {
  const secrets = join(dataDir, "secrets");
  const run = join(dataDir, "run");
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
    /** Put there by an operator whose mail server wants one. */
    smtpPassword: join(secrets, "smtp-password"),
    /** Put there by an operator whose Supabase project signs with it. */
    supabaseJwtSecret: join(secrets, "supabase-jwt-secret"),
    /** Mails of an environment without a mail server. */
    mail: join(dataDir, "mail"),
    /** What a service that runs alone has of the key file. */
    serviceKeys: (service: ServiceName) => join(secrets, `${service}-keys.json`),
    loginPassword: (login: Login) => join(secrets, `${login}-password`),
    pgpass: join(dataDir, "pgpass"),
    platformState: join(dataDir, "platform-state"),
    platformOutputs: join(dataDir, "platform.json"),
    pulumiHome: join(dataDir, "pulumi"),
    stacks: join(dataDir, "stacks"),
    log: join(dataDir, "log"),
    run,
    /** Whoever listens here is the environment's supervisor. */
    supervisorSocket: join(run, "supervisor.sock"),
    /** Where the platform's PostgreSQL has its Unix socket. Anybody who gets here may write: its user does. */
    postgresSocketFolder: join(run, "postgres"),
  };
}
export type DataPaths = ReturnType<typeof dataPaths>;
