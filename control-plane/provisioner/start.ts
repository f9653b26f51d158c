import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { dockerApi } from "../../components/provider/docker.ts";
import { openDatabase } from "../database.ts";
import { expireLeases } from "../instance/expire-leases.ts";
import { workFigures } from "../instance/operation-figures.ts";
import { announceProvisioner } from "../instance/presence.ts";
import { createWake, listenForWork } from "../instance/queue.ts";
import { readReserve } from "../instance/reserve.ts";
import { createSecretsBox } from "../instance/secrets-box.ts";
import { mustBeOwnKey } from "../key-check.ts";
import { deriveKeys } from "../keys.ts";
import { listen } from "../listen.ts";
import type { Logger } from "../observability/log.ts";
import { createMetrics } from "../observability/metrics.ts";
import { measureProcess } from "../observability/process-figures.ts";
import { mustBeOwnPassphrase } from "../passphrase-check.ts";
import { dataPaths, type Login } from "../paths.ts";
import { containerNames } from "../platform/applied.ts";
import { readLastBackup } from "../platform/backup/last-backup.ts";
import { firewallPlan } from "../platform/firewall/plan.ts";
import { readPlatform } from "../platform/outputs.ts";
import { createRun } from "../platform/run.ts";
import { databaseUrl } from "../pulumi-env.ts";
import type { Settings } from "../settings.ts";
import { toolNames } from "../tool-names.ts";
import { until } from "../until.ts";
import { createCrypters } from "./crypters.ts";
import type { Deps, Limits } from "./deps.ts";
import { WorkerPool } from "./engine/pool.ts";
import { makeWorkerSetup, workerEnv } from "./engine/worker-setup.ts";
import { addFigures } from "./figures/add.ts";
import { readMemory } from "./figures/memory-figures.ts";
import { lookAtParts } from "./figures/part-figures.ts";
import { templateAge } from "./figures/template-figures.ts";
import { tenantSources } from "./figures/tenants/sources.ts";
import { markDatabases } from "./marks.ts";
import { endSessions } from "./processes/end-sessions.ts";
import {
  isDeadWorker,
  provisionerTag,
  provisionerTagValue,
  sessionName,
  workerName,
} from "./processes/identity.ts";
import { killOrphans, killWorker } from "./processes/kill.ts";
import { keepReserve, warmCrypters } from "./reserve.ts";
import { createScheduler } from "./scheduler.ts";
import { serveFigures } from "./serve-figures.ts";
import { openStateStore } from "./state/state-store.ts";
import { findStrangers } from "./strangers.ts";
import { keepSweeping, sweepStacks } from "./sweep-stacks.ts";
import { syncTemplate } from "./sync-template.ts";
import { watchFigures } from "./watch/figures.ts";
import { watchFirewall } from "./watch/firewall.ts";
import { watchOutsideUpdates } from "./watch/outside-updates.ts";
import { watchRoutes } from "./watch/routes.ts";

export interface ProvisionerOptions {
  settings: Settings;
  /** `pulumi`: folder of the CLI and its language host; `node`: folder of Node. */
  tools: { pulumi: string; node: string };
  /** What is taken over from the environment this process was started in. */
  env: { PATH: string; HOME: string; DOCKER_HOST?: string };
  log: Logger;
  limits?: Partial<Limits>;
}

export interface Provisioner {
  /** MiB of each worker and its plugins. */
  memory(): Promise<Array<Record<string, number>>>;
  /** Ends what runs, or gives it back, and leaves no process behind. */
  stop(): Promise<void>;
}

const defaultLimits: Limits = {
  outsideMs: 300_000,
  lockMs: 60_000,
  readyMs: 120_000,
  runMs: 300_000,
  oneOffMs: 1_800_000,
  stopMs: 15_000,
};
const recycleAfter = 300;
const localDocker = "unix:///var/run/docker.sock";

/**
 * Starts the part of Berth that drives Pulumi: it takes operations from the instance database and works on them.
 * Throws when the platform was never brought up.
 */
export async function startProvisioner(options: ProvisionerOptions): Promise<Provisioner> {
  const { settings, log } = options;
  const uuid = randomUUID();
  const tag = provisionerTagValue(settings.env, uuid);
  const paths = dataPaths(settings.dataDir);
  const dockerHost = options.env.DOCKER_HOST || localDocker;
  const login = await readLogins(settings);
  const instance = login.of("platform", "instance_run", "instance");

  const metrics = createMetrics(log);
  await measureProcess(metrics);
  // First: what is there already has the port.
  const figures = await serveFigures(settings.provisionerPort, metrics);
  const killed = await killOrphans(settings.env);
  if (killed > 0) log.warn({ killed }, "killed what a dead provisioner had left behind");

  const database = openDatabase({ login: instance, name: "berth provisioner", log });
  const tenantsServer = login.of("tenants", "provisioner", "postgres");
  const platformServer = login.of("platform", "provisioner", "postgres");
  const bury = async (worker: string) => {
    await killWorker(worker);
    await endSessions([tenantsServer, platformServer], sessionName(tag, worker));
  };
  const keys = deriveKeys((await readFile(paths.key, "utf8")).trim()).instance;
  const passphrase = (await readFile(paths.passphrase, "utf8")).trim();
  await mustBeOwnKey("instance", instance, keys);
  await mustBeOwnPassphrase(login.of("platform", "pulumi", "pulumi"), passphrase);
  const setup = await makeWorkerSetup(settings, options.tools);
  const { workDir } = setup;
  const pool = new WorkerPool({
    size: settings.workers,
    recycleAfter,
    tag,
    bury: (worker) => buried(() => bury(worker), log),
    env: workerEnv(options, dockerHost),
    setup,
    log,
  });
  const platform = await readPlatform(settings.dataDir);
  const broughtUp = toolNames.filter((tool) => tool in platform.tools);
  const docker = dockerApi(dockerHost);
  const operationFigures = workFigures(metrics.registry);
  const deps: Deps = {
    settings,
    platform,
    limits: { ...defaultLimits, ...options.limits },
    host: hostname(),
    worker: workerName(hostname(), tag),
    ctx: {
      db: database.db,
      box: createSecretsBox(keys.stackSecrets),
      wake: createWake(database.db),
      ended: operationFigures.ended,
    },
    pool,
    state: openStateStore(login.of("platform", "pulumi", "pulumi")),
    crypters: createCrypters(passphrase),
    docker,
    run: createRun({ ...options.env, [provisionerTag]: tag }),
    tenantsServer,
    platformServer,
    redis: { url: `redis://127.0.0.1:${settings.redisPort}`, passwordFile: paths.redisPassword },
    strangers: findStrangers({
      db: database.db,
      docker,
      env: settings.env,
      network: platform.network.name,
      log,
    }),
    workDir,
    timeStep: operationFigures.timeStep,
    log,
  };
  const { run } = deps;
  const tenantFigures = watchFigures({
    env: settings.env,
    db: database.db,
    sources: tenantSources(deps, metrics),
    metrics,
    log,
  });
  addFigures(metrics, {
    memory: () =>
      readMemory(
        tag,
        pool.workers.flatMap(({ pid }) => pid ?? []),
      ),
    pool,
    reserved: async () => (await readReserve(deps.ctx)).length,
    state: deps.state,
    // What was brought up, which may lack a tool whose image cannot be had.
    parts: () => lookAtParts(docker, settings.env, containerNames({ env: settings.env, tools: broughtUp })),
    templateAge: () => templateAge(database.db, tenantsServer, platform.template.name),
    lastBackup: () => readLastBackup(settings.dataDir),
    figuresAge: () => tenantFigures.age(),
  });
  const firewall = watchFirewall({
    run,
    plan: firewallPlan(settings),
    dockerHost,
    job: metrics.job("watch the firewall"),
    log,
    onMended: () => scheduler.kick(),
  });
  const routes = watchRoutes({
    record: login.of("platform", "router", "instance"),
    redis: deps.redis,
    entryPoint: deps.platform.traefik.entryPoint,
    job: metrics.job("watch routes"),
    log,
  });
  const scheduler = createScheduler(deps, firewall);
  const reserve = keepReserve(deps, scheduler.busy, metrics.job("make stacks ahead"));
  await Promise.all([firewall.look(), routes.look(), syncTemplate(deps), sweepStacks(deps), pool.warm()]);
  await markDatabases(deps);
  // While the engine is away nobody can look; whoever needs an address looks again.
  await deps.strangers().catch((error) => log.warn({ err: error }, "unknown containers were not looked for"));
  await expireLeases(deps.ctx, { isDead: (worker) => isDeadWorker(settings.env, deps.host, worker) });
  const queue = await listenForWork({ login: instance, kick: () => scheduler.kick(), log });
  const cancellations = listen({
    login: instance,
    name: "berth provisioner",
    channels: ["operation_cancel"],
    onNotify: () => scheduler.kick(),
    onConnect: () => scheduler.kick(),
    log,
  });
  const presence = announceProvisioner({ login: instance, log });
  const stopSweeping = keepSweeping({ ...deps, job: metrics.job("sweep stacks") });
  const stopWatchingUpdates = watchOutsideUpdates({ ...deps, job: metrics.job("note outside updates") });
  void tenantFigures.look();
  reserve.fill();
  warmCrypters(deps).catch((error) => log.warn({ err: error }, "keys could not be derived ahead"));
  figures.ready();
  log.info({ workers: settings.workers, uuid }, "the provisioner takes work");

  return {
    memory: () => Promise.all(pool.workers.map((worker) => worker.memory())),
    async stop() {
      const end = (part: string, ending: Promise<unknown>) => inTime(part, ending, log);
      await Promise.all([
        end("presence", presence.close()),
        end("queue", queue.close()),
        end("cancellations", cancellations.close()),
      ]);
      await scheduler.stop(deps.limits.stopMs);
      firewall.stop();
      routes.stop();
      stopSweeping();
      stopWatchingUpdates();
      await end("reserve", reserve.stop());
      await end("tenants' figures", tenantFigures.stop());
      await end("figures", figures.close());
      await pool.stop();
      await Promise.all([end("state", deps.state.close()), end("database", database.close())]);
      log.info("the provisioner has stopped");
    },
  };
}

/** Milliseconds a part has to end; who waits for a connection that died without a word would wait for ever. */
const partGraceMs = 5_000;

async function inTime(part: string, ending: Promise<unknown>, log: Logger): Promise<void> {
  const late = new AbortController();
  const waited = delay(partGraceMs, "late", { signal: late.signal }).catch(() => "in time");
  const first = await Promise.race([ending.then(() => "in time"), waited]);
  late.abort();
  if (first === "late")
    log.error({ part }, "a part of the provisioner did not end in time and is left behind");
}

async function readLogins(settings: Settings) {
  const { loginPassword } = dataPaths(settings.dataDir);
  const names: Login[] = ["provisioner", "pulumi", "instance_run", "router"];
  const entries = names.map(
    async (name) => [name, (await readFile(loginPassword(name), "utf8")).trim()] as const,
  );
  const passwords = new Map<Login, string>(await Promise.all(entries));
  return {
    of(server: "tenants" | "platform", name: Login, database: string) {
      const url = server === "tenants" ? settings.tenantsDatabaseUrl : settings.platformDatabaseUrl;
      return { url: databaseUrl(url, name, database), password: passwords.get(name) ?? "" };
    },
  };
}

/** A worker's set is buried for certain: while PostgreSQL is away nothing is proved, so it is tried again. */
async function buried(bury: () => Promise<void>, log: Logger): Promise<void> {
  const isBuried = () =>
    bury().then(
      () => true,
      (error) => {
        log.warn({ err: error }, "a worker's end could not be proved; trying again");
        return false;
      },
    );
  await until(isBuried, { what: "a worker's end", deadlineMs: Number.POSITIVE_INFINITY, everyMs: 500 });
}
