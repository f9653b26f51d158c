import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { serviceUrl } from "../../control-plane/cli/api.ts";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { isServiceName } from "../../control-plane/service-names.ts";
import { parseSettings, type Settings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { supabaseProject } from "../control-plane/supabase-project.ts";
import { ownVariables } from "../support/variables.ts";
import { passwordMailServer } from "./mail-server.ts";
import { plant, Secrets } from "./planted.ts";
import { Recorder } from "./recorder.ts";

export type Run = Awaited<ReturnType<typeof openRun>>;

/** A new environment whose secrets are all known, and everything that watches what is said while it runs. */
export async function openRun() {
  const startedAt = Date.now();
  const folder = await mkdtemp(join(tmpdir(), "berth-secrets-"));
  const dataDir = join(folder, "data");
  const temporary = join(folder, "tmp");
  await mkdir(temporary);
  const secrets = new Secrets();
  await plant(dataDir, secrets);
  const known = (name: string) => secrets.all.find((one) => one.name === name)?.value ?? "";
  const mail = await passwordMailServer(folder, "berth", known("password of the mail server"));
  const project = await supabaseProject();
  const env = await ownVariables(`sec-${process.pid % 100_000}`, {
    BERTH_SERVICES: "together",
    BERTH_TOOLS: "prometheus,pgadmin,mailpit",
    BERTH_DATA_DIR: dataDir,
    BERTH_SMTP_URL: mail.url,
    NODE_EXTRA_CA_CERTS: mail.cert,
    TMPDIR: temporary,
    SUPABASE_URL: project.url,
  });
  /** A secret that is a variable, and so in the environment of whoever is told it: only `start` is. */
  const started = {
    SUPABASE_JWT_SECRET: secrets.add(
      "Supabase's legacy secret (variable)",
      randomBytes(40).toString("base64url"),
    ),
  };
  const samples = join(folder, "samples");
  const sampler = spawn(process.execPath, [join(import.meta.dirname, "sampler.ts"), samples], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  await until(() => existsSync(samples), {
    what: "the first look at processes",
    deadlineMs: 15_000,
    everyMs: 20,
  });
  const recorder = new Recorder();
  const queries = new Set<string>();
  const watching = new AbortController();
  let watch = Promise.resolve();
  const paths = dataPaths(dataDir);
  /** What every command said. */
  const said: Array<{ command: string; text: string }> = [];
  const settings = (): Settings => parseSettings(env);
  recorder.base = (service) => serviceUrl(settings(), isServiceName(service) ? service : "tenant");

  async function execute(command: string, more: Record<string, string> = {}) {
    const options = { cwd: projectRoot, env: { ...process.env, ...env, ...more }, maxBuffer: 64 << 20 };
    return promisify(execFile)("bash", ["-ec", command], options).then(
      ({ stdout, stderr }) => ({ code: 0, output: `${stdout}\n${stderr}` }),
      (error: { code?: number; stdout?: string; stderr?: string }) => ({
        code: error.code ?? 1,
        output: `${error.stdout}\n${error.stderr}`,
      }),
    );
  }
  async function shell(command: string, more?: Record<string, string>) {
    const done = await execute(command, more);
    said.push({ command, text: done.output });
    return done;
  }
  async function docker(...args: string[]): Promise<string> {
    const { stdout, stderr } = await promisify(execFile)("docker", args, { maxBuffer: 256 << 20 });
    return stdout + stderr;
  }
  /** What the engine told of containers, networks and volumes. */
  const engine: Array<{ kind: "logs of containers" | "docker inspect"; name: string; text: string }> = [];

  const clientOf = (database: string) =>
    new pg.Client({
      host: "127.0.0.1",
      port: Number(env.BERTH_POSTGRES_PORT),
      user: "provisioner",
      password: known("password of provisioner"),
      database,
    });

  return {
    startedAt,
    folder,
    /** Where this run's own programs put their temporary files. */
    temporary,
    secrets,
    known,
    env,
    settings,
    paths,
    mail,
    project,
    recorder,
    said,
    samples,
    /** Texts of statements, as PostgreSQL lists them while they run. */
    queries,
    engine,
    /** A stack's export with its secrets, which was asked for by name. */
    shown: "",
    /** What a command says, not kept with what the others said. */
    quietly: async (command: string) => (await execute(command)).output,
    shell,
    async berth(command: string): Promise<string> {
      const { code, output } = await shell(`bin/berth ${command}`, command === "start" ? started : {});
      if (code !== 0) throw new Error(`bin/berth ${command} ended with ${code}:\n${output}`);
      return output;
    },
    /** Notes from now on what PostgreSQL lists as running. */
    watchQueries(): void {
      watch = watchQueries(clientOf("postgres"), queries, watching.signal);
    },
    /** Rows of a query as the superuser. */
    async sql<T extends pg.QueryResultRow>(database: string, text: string, values?: unknown[]): Promise<T[]> {
      const client = clientOf(database);
      await client.connect();
      try {
        return (await client.query(text, values)).rows;
      } finally {
        await client.end();
      }
    },
    docker,
    /** Keeps what the engine tells of this environment now: a container that is removed tells nothing any more. */
    async snapshot(): Promise<void> {
      const own = `label=berth.env=${env.BERTH_ENV}`;
      const list = async (...args: string[]) =>
        (await docker(...args)).split("\n").filter((line) => line !== "");
      const images = new Set<string>();
      for (const name of await list("ps", "-a", "--filter", own, "--format", "{{.Names}}")) {
        engine.push({ kind: "logs of containers", name, text: await docker("logs", name) });
        engine.push({ kind: "docker inspect", name, text: await docker("inspect", name) });
        images.add((await docker("inspect", "--format", "{{.Image}}", name)).trim());
      }
      for (const kind of ["network", "volume"])
        for (const name of await list(kind, "ls", "--filter", own, "--format", "{{.Name}}"))
          engine.push({ kind: "docker inspect", name, text: await docker(kind, "inspect", name) });
      for (const name of images)
        engine.push({ kind: "docker inspect", name, text: await docker("history", "--no-trunc", name) });
    },
    /** Ends the watching of processes and queries: all that was seen is noted then. */
    async stopSampling(): Promise<void> {
      watching.abort();
      await watch;
      if (sampler.exitCode !== null) return;
      const gone = new Promise((resolve) => sampler.once("exit", resolve));
      sampler.stdin.end();
      await gone;
    },
    async close(): Promise<void> {
      await this.stopSampling();
      await mail.close();
      await docker("rm", "-f", `berth-${env.BERTH_ENV}-canary`).catch(() => "");
      await shell("bin/berth stop");
      await shell("bin/berth platform down --purge");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Looks every few milliseconds which statements run; a parameter is in none of them, what was written into the text is. */
async function watchQueries(client: pg.Client, queries: Set<string>, signal: AbortSignal): Promise<void> {
  await client.connect();
  try {
    while (!signal.aborted) {
      const { rows } = await client.query<{ query: string }>(
        "select distinct query from pg_stat_activity where pid <> pg_backend_pid()",
      );
      for (const { query } of rows) queries.add(query);
      await delay(10);
    }
  } finally {
    await client.end();
  }
}
