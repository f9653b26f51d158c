import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import pg from "pg";
import { dockerApi } from "../../components/provider/docker.ts";
import { traefikKeys } from "../../components/provider/traefik-keys.ts";
import { connection } from "../../control-plane/database.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { stateKeys } from "../../control-plane/provisioner/state/state-store.ts";
import { databaseUrl } from "../../control-plane/pulumi-env.ts";
import type { Settings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { names } from "../../stacks/tenant/names.ts";
import type { Kind, Point } from "./cells.ts";
import { type Engine, engineOf } from "./targets.ts";

/** An engine that has just come to the point, and still runs. */
export interface Moment {
  engine: Engine;
  /** Lets the engine's last write go on, if it is held. */
  release(): Promise<void>;
  /** Waits until the session whose write is held is gone, so that nothing writes it after the release. */
  writerGone(): Promise<void>;
}

type Mark = Exclude<Point, "last checkpoint">;
const marks: Mark[] = ["role", "database", "container", "route"];

/** Somebody who sees from outside how far an engine has come, and can stop it right before its last write. */
export class Scene {
  readonly #settings: Settings;
  readonly #docker = dockerApi("unix:///var/run/docker.sock");
  readonly #redis: Redis;
  readonly #clients = new Map<string, pg.Client>();

  private constructor(settings: Settings) {
    this.#settings = settings;
    const password = readFileSync(dataPaths(settings.dataDir).redisPassword, "utf8").trim();
    this.#redis = new Redis(`redis://127.0.0.1:${settings.redisPort}`, { password, lazyConnect: true });
  }

  /** With its connections open: there are only milliseconds between two writes of an engine. */
  static async open(settings: Settings): Promise<Scene> {
    const scene = new Scene(settings);
    const databases = ["postgres", "instance", "pulumi"].map((database) => scene.#client(database));
    await Promise.all([scene.#redis.connect(), ...databases]);
    return scene;
  }

  /**
   * Resolves in the moment in which the point is passed with one of these tenants: it was seen not to be there,
   * then to be there (or the other way round), and the engine that did it still runs. Undefined when that was missed.
   */
  async reach(tenants: string[], point: Point, kind: Kind): Promise<Moment | undefined> {
    if (point === "last checkpoint") {
      const begun = await this.#passed(tenants, kind === "create" ? "role" : "route", kind);
      return begun === undefined ? undefined : this.#beforeLastWrite(tenants, kind);
    }
    const tenant = await this.#passed(tenants, point, kind);
    const engine = tenant === undefined ? undefined : engineOf(tenant);
    return engine && { engine, release: async () => undefined, writerGone: async () => undefined };
  }

  /** How many of these operations have not ended. */
  async inFlight(operations: string[]): Promise<number> {
    const rows = await this.#column(
      "instance",
      "select id from operations where id = any($1) and status in ('queued', 'running')",
      operations,
    );
    return rows.length;
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
    await Promise.all([...this.#clients.values()].map((client) => client.end()));
    this.#clients.clear();
  }

  /** The first of the tenants with which a mark comes (or goes) while it is looked at; undefined when all were past it. */
  async #passed(tenants: string[], mark: Mark, kind: Kind): Promise<string | undefined> {
    const isPast = async () => {
      const there = await this.#there(tenants, mark, kind);
      return tenants.filter((tenant) => there.has(tenant) === (kind === "create"));
    };
    const before = await isPast();
    const candidates = tenants.filter((tenant) => !before.includes(tenant));
    if (candidates.length === 0) return undefined;
    const what = `${mark} to be ${kind === "create" ? "made" : "gone"}`;
    return until(async () => (await isPast()).find((tenant) => candidates.includes(tenant)), {
      ...{ what, deadlineMs: 60_000, everyMs: 1 },
    });
  }

  /**
   * Lets engines write one checkpoint after the other until one has made (or removed) everything that it has to, and
   * holds its next one: those who wait for a row get it in the order in which they asked.
   */
  async #beforeLastWrite(tenants: string[], kind: Kind): Promise<Moment | undefined> {
    const state = await this.#client("pulumi");
    const rows = tenants.map((tenant) => stateKeys(tenant).checkpoint).toSorted();
    const hold = async () => {
      await state.query("begin");
      // All of them: while one is led to its end, no other gets ahead of it.
      await state.query("select from pulumi_state where key = any($1) order by key for update", [rows]);
    };
    const release = async () => void (await state.query("rollback"));
    for (;;) {
      await hold();
      const writers = await until(async () => this.#writersOrEnd(tenants), {
        ...{ what: "an engine to write", deadlineMs: 60_000, everyMs: 2 },
      });
      for (const tenant of writers.length > 0 ? tenants : []) {
        const engine = engineOf(tenant);
        if (engine && (await this.#isDone(tenant, kind)))
          return { engine, release, writerGone: () => this.#gone(writers) };
      }
      await release();
      if (writers.length === 0) return undefined;
    }
  }

  /** Sessions (their processes in PostgreSQL) that wait for a row we hold; none when no engine runs any more. */
  async #writersOrEnd(tenants: string[]): Promise<number[] | undefined> {
    const pulumi = await this.#client("pulumi");
    const holder = (await pulumi.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid;
    const { rows } = await (await this.#client("postgres")).query<{ pid: number }>(
      "select pid from pg_stat_activity where wait_event_type = 'Lock' and $1 = any(pg_blocking_pids(pid))",
      [holder],
    );
    if (rows.length > 0) return rows.map(({ pid }) => pid);
    return tenants.some((tenant) => engineOf(tenant)) ? undefined : [];
  }

  async #gone(sessions: number[]): Promise<void> {
    const postgres = await this.#client("postgres");
    const query = "select from pg_stat_activity where pid = any($1)";
    await until(async () => (await postgres.query(query, [sessions])).rowCount === 0, {
      ...{ what: "the dead engine's session to be ended", deadlineMs: 60_000, everyMs: 20 },
    });
  }

  /** Whether all that an engine makes is there with its last touch, or all of it is gone. */
  async #isDone(tenant: string, kind: Kind): Promise<boolean> {
    const its = names(tenant, "production", this.#settings.env);
    const there = await Promise.all(
      marks.map(async (mark) => (await this.#there([tenant], mark, kind)).has(tenant)),
    );
    const container = await this.#docker.call("GET", `/containers/${its.container}/json`);
    const volume = await this.#docker.call("GET", `/volumes/${its.volume}`);
    if (kind === "destroy") return !there.includes(true) && container === undefined && volume === undefined;
    const { HostConfig } = (container?.body ?? {}) as { HostConfig?: { PidsLimit: number | null } };
    // The limit of processes is what the container's fittings give it.
    return !there.includes(false) && volume !== undefined && (HostConfig?.PidsLimit ?? 0) > 0;
  }

  /** Which of the tenants have it: made whole when they are created, not yet gone whole when they are removed. */
  async #there(tenants: string[], mark: Mark, kind: Kind): Promise<Set<string>> {
    const its = tenants.map((tenant) => ({ tenant, ...names(tenant, "production", this.#settings.env) }));
    const found = await this.#found(its, mark, kind);
    return new Set(its.flatMap((one) => (found.includes(one[nameOf[mark]]) ? [one.tenant] : [])));
  }

  async #found(its: Array<{ role: string; database: string; tenant: string }>, mark: Mark, kind: Kind) {
    switch (mark) {
      case "role":
        return this.#column(
          "postgres",
          "select rolname as id from pg_roles where rolname = any($1)",
          its.map(({ role }) => role),
        );
      case "database":
        return this.#column(
          "postgres",
          "select datname as id from pg_database where datname = any($1)",
          its.map(({ database }) => database),
        );
      case "container":
        return this.#containers(kind);
      case "route":
        return this.#routes(
          its.map(({ tenant }) => tenant),
          kind,
        );
    }
  }

  /** Names of the environment's containers: that run, and when they are to go all. */
  async #containers(kind: Kind): Promise<string[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [`berth.env=${this.#settings.env}`] }));
    const all = kind === "destroy" ? "1" : "0";
    const listed = await this.#docker.call("GET", `/containers/json?all=${all}&filters=${filters}`);
    const containers = (listed?.body ?? []) as Array<{ Names: string[] }>;
    return containers.flatMap(({ Names }) => Names.map((name) => name.slice(1)));
  }

  /** Tenants with a route. Redis is told last when it is made, and the record forgets last when it is removed. */
  async #routes(tenants: string[], kind: Kind): Promise<string[]> {
    if (kind === "destroy")
      return this.#column(
        "instance",
        "select tenant as id from routing.routers where tenant = any($1)",
        tenants,
      );
    const route = { instance: "production", hosts: ["any"], target: "any", entryPoint: "any" };
    const keys = tenants.map((tenant) => Object.keys(traefikKeys({ tenant, ...route }))[0] ?? "");
    const values = await this.#redis.mget(keys);
    return tenants.filter((_, i) => values[i] !== null);
  }

  async #column(database: string, query: string, values: string[]): Promise<string[]> {
    const { rows } = await (await this.#client(database)).query<{ id: string }>(query, [values]);
    return rows.map(({ id }) => id);
  }

  async #client(database: string): Promise<pg.Client> {
    const known = this.#clients.get(database);
    if (known) return known;
    const { dataDir, platformDatabaseUrl } = this.#settings;
    const password = readFileSync(dataPaths(dataDir).loginPassword("provisioner"), "utf8").trim();
    const url = databaseUrl(platformDatabaseUrl, "provisioner", database);
    const client = new pg.Client(connection({ url, password }, "faults"));
    this.#clients.set(database, client);
    await client.connect();
    return client;
  }
}

/** Which of an instance's names a mark is found by. */
const nameOf = { role: "role", database: "database", container: "container", route: "tenant" } as const;
