import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dataPaths, logins, projectRoot } from "../../control-plane/paths.ts";
import type { ServiceName } from "../../control-plane/service-names.ts";
import { ownLogins } from "../../control-plane/service-variables.ts";
import type { Settings } from "../../control-plane/settings.ts";

/** What is tried from inside. */
export interface Tries {
  /** PostgreSQL's, on 127.0.0.1. */
  port: number;
  files: string[];
  sockets: string[];
  /** Folders to write into. */
  writes: string[];
  processes: number[];
  /** Where to look for files with these secrets. */
  roots: string[];
  secrets: Record<string, string>;
  logins: Array<{ user: string; password: string; database: string; run?: string }>;
}

/** What came of it, in the same order: "done", or a code that says why not. */
export interface Found {
  files: string[];
  sockets: string[];
  writes: string[];
  signals: string[];
  becomesRoot: string;
  /** `key in /path`. */
  holders: string[];
  logins: string[];
}

const databases = ["auth", "tenant", "instance", "pulumi", "postgres"];
/** What only an administrator, an owner or another role may. */
const statements = [
  "create role intruder superuser",
  "create database intruder",
  "set role provisioner",
  "alter system set log_statement = 'all'",
  "copy (select 1) to program 'true'",
  "select pg_read_file('/etc/passwd')",
  "create table public.intruder ()",
  "delete from audit",
];

/** All that the process of these services must not be able to do. */
export function triesOf(
  settings: Settings,
  services: ServiceName[],
  processes: number[],
  pid: number,
): Tries {
  const paths = dataPaths(settings.dataDir);
  const secrets = Object.fromEntries(
    readdirSync(paths.secrets).map((name) => [name, readFileSync(join(paths.secrets, name), "utf8").trim()]),
  );
  const own = services.map((service) => {
    const { login, database } = ownLogins[service];
    return { user: login as string, password: secrets[`${login}-password`] ?? "", database };
  });
  return {
    port: settings.postgresPort,
    processes,
    secrets,
    files: [
      ...Object.keys(secrets).map((name) => join(paths.secrets, name)),
      paths.pgpass,
      paths.platformOutputs,
      "/etc/shadow",
    ],
    sockets: [
      ...["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"],
      ...["/var/run/docker/containerd/containerd.sock", paths.supervisorSocket],
    ],
    writes: [
      "/",
      "/etc",
      "/usr",
      "/tmp",
      "/berth",
      projectRoot,
      join(projectRoot, "control-plane"),
      settings.dataDir,
    ],
    roots: [
      ...["/etc", "/run", "/var", "/tmp", "/root", "/home", "/srv", "/mnt", "/berth/control-plane"],
      `/proc/${pid}/environ`,
      settings.dataDir,
    ],
    logins: [
      // With the passwords it has, as everybody else.
      ...["postgres", ...logins].flatMap((user) =>
        own
          .filter((its) => its.user !== user && !own.some((one) => one.user === user))
          .map(({ password }) => ({ user, password, database: "postgres" })),
      ),
      ...own.flatMap((its) =>
        databases.filter((name) => name !== its.database).map((database) => ({ ...its, database })),
      ),
      ...own.flatMap((its) => statements.map((run) => ({ ...its, run }))),
    ],
  };
}

const code = readFileSync(join(import.meta.dirname, "probe.ts"), "utf8");
const program = ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript", "--eval", code];

/** Tries it all in a container, by its own Node. */
export function probeContainer(name: string, tries: Tries): Promise<Found> {
  return probe("docker", ["exec", "-i", name, "/usr/local/bin/node", ...program], tries);
}

/** Tries it all where a process is: in its mount namespace, as its user. */
export function probeProcess(pid: number, user: number, tries: Tries): Promise<Found> {
  const identity = ["--reuid", `${user}`, "--regid", `${user}`, "--clear-groups"];
  const none = ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"];
  const enter = ["--target", `${pid}`, "--mount", `--wdns=${projectRoot}`];
  return probe("nsenter", [...enter, "setpriv", ...identity, ...none, process.execPath, ...program], tries);
}

async function probe(command: string, args: string[], tries: Tries): Promise<Found> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (text) => {
    said += text;
  });
  child.stdin.end(JSON.stringify(tries));
  await once(child, "close");
  return JSON.parse(said) as Found;
}
