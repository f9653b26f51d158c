import { existsSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { connection, type DatabaseLogin } from "../database.ts";
import { readLogin, readSecret } from "../login.ts";
import { containerOf, containerParts, type PartName } from "../part-names.ts";
import { dataPaths, type Login, projectRoot } from "../paths.ts";
import { findPlatform, type PlatformOutputs } from "../platform/outputs.ts";
import { createRun, type Run } from "../platform/run.ts";
import { databaseUrl } from "../pulumi-env.ts";
import { isOwnServer, type Settings, withoutSecrets } from "../settings.ts";
import { askSupervisor, type SupervisorStatus } from "../supervisor/ask.ts";
import { SilentSupervisor } from "../supervisor/silent.ts";

/** Seconds after which a program that gives no answer is ended. */
const patienceSeconds = 10;

interface PartState {
  part: PartName;
  container: string;
  id: string;
  /** `running`, `exited`, `restarting` ... as the engine says it. */
  state: string;
  /** What its health check says; empty where it has none. */
  health: string;
}

/** What all checks stand on: looked at once, before them. */
export interface Bench {
  settings: Settings;
  env: Record<string, string | undefined>;
  run: Run;
  /** Folder of this program, and of the kernel's own files. */
  root: string;
  proc: string;
  /** Version of the Docker engine, or why there is none. */
  engine: { version: string } | { away: string };
  /** What bringing it up has noted; undefined when this environment never was. */
  platform: PlatformOutputs | undefined;
  /** Whether it was taken down by somebody, and so is not expected to run. */
  isDown: boolean;
  /** The containers that are there, of those that should be. */
  parts: PartState[];
  supervisor: SupervisorStatus | undefined;
  /** One that is there and gives no answer. */
  silent: SilentSupervisor | undefined;
  /** Rows of a query, in a database of the platform's or the tenants' server. */
  rows: <Row extends pg.QueryResultRow>(at: At, text: string, values?: unknown[]) => Promise<Row[]>;
}

interface At {
  server?: "platform" | "tenants";
  database: string;
}

/** Looks at what there is. Throws nothing but what a program error would. */
export async function prepareBench(
  settings: Settings,
  env: Record<string, string | undefined>,
  places: { root?: string; proc?: string } = {},
): Promise<Bench> {
  const direct = createRun(withoutSecrets(env));
  // One that hangs is as good as none.
  const run: Run = (command, args, options) =>
    direct("timeout", ["--kill-after=2", `${patienceSeconds}`, command, ...args], options);
  const engine = await run("docker", ["version", "--format", "{{.Server.Version}}"]).then(
    (version) => ({ version: version.trim() }),
    (error: Error) => ({ away: whyAway(error.message) }),
  );
  return {
    settings,
    env,
    run,
    engine,
    root: places.root ?? projectRoot,
    proc: places.proc ?? "/proc",
    platform: await findPlatform(settings.dataDir).catch(() => undefined),
    isDown: existsSync(join(settings.dataDir, "platform", "stopped.json")),
    parts: "version" in engine ? await partsOf(settings, run) : [],
    ...(await supervisorOf(settings)),
    rows: (at, text, values) => rowsOf(settings, at, text, values),
  };
}

async function supervisorOf({ dataDir }: Settings): Promise<Pick<Bench, "supervisor" | "silent">> {
  try {
    const supervisor = await askSupervisor(dataPaths(dataDir).supervisorSocket, "status");
    return { supervisor, silent: undefined };
  } catch (error) {
    return { supervisor: undefined, silent: error instanceof SilentSupervisor ? error : undefined };
  }
}

/** Last line of what docker says, without the name of what ended it. */
function whyAway(message: string): string {
  if (/failed \((124|137)\)/.test(message)) return `no answer within ${patienceSeconds} s`;
  if (/is not installed|No such file|failed to run command/.test(message))
    return "the program docker is not installed";
  return (message.split("\n").at(-1) ?? message).replace(/^"timeout [^"]*" failed \(\d+\): /, "").trim();
}

async function partsOf(settings: Settings, run: Run): Promise<PartState[]> {
  const format = "{{.Names}}\t{{.ID}}\t{{.State}}\t{{.Status}}";
  const filters = ["--no-trunc", "--filter", `label=berth.env=${settings.env}`];
  const text = await run("docker", ["ps", "--all", ...filters, "--format", format]).catch(() => "");
  const found = new Map(text.split("\n").map((line) => [line.split("\t")[0], line.split("\t")]));
  return containerParts(settings).flatMap((part) => {
    const container = containerOf(settings.env, part);
    const [, id = "", state = "", status = ""] = found.get(container) ?? [];
    const health = /\((?:health: )?(healthy|unhealthy|starting)\)/.exec(status)?.[1] ?? "";
    return id === "" ? [] : [{ part, container, id, state, health }];
  });
}

async function rowsOf<Row extends pg.QueryResultRow>(
  settings: Settings,
  { server = "platform", database }: At,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const url = server === "platform" ? settings.platformDatabaseUrl : settings.tenantsDatabaseUrl;
  const login = await superuser(settings, url, database);
  const client = new pg.Client({
    ...connection(login, "berth doctor"),
    query_timeout: patienceSeconds * 1000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function superuser(settings: Settings, url: string, database: string): Promise<DatabaseLogin> {
  const { username } = new URL(url);
  const name = isOwnServer(settings, new URL(url)) ? "provisioner" : decodeURIComponent(username);
  const file = dataPaths(settings.dataDir).loginPassword("provisioner");
  return { url: databaseUrl(url, name, database), password: await readSecret(file) };
}

/** One of the control plane's own logins. */
export function loginOf(bench: Bench, login: Login, database: string): Promise<DatabaseLogin> {
  return readLogin(bench.settings, login, database);
}

/** Why what is in PostgreSQL cannot be looked at now; undefined when it can. */
export function whyNoDatabase({ platform, isDown, parts, settings }: Bench): string | undefined {
  if (!platform) return "this environment was never brought up";
  if (!isOwnServer(settings, new URL(settings.platformDatabaseUrl))) return undefined;
  if (parts.some(({ part, state }) => part === "postgres" && state === "running")) return undefined;
  return isDown ? "the environment is down" : "PostgreSQL does not run";
}
