import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeAll, expect, test } from "vitest";
import { staffEmail } from "../../control-plane/cli/ensure-staff.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { type ServiceName, serviceNames } from "../../control-plane/service-names.ts";
import { apiHost } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { openWorld, type World } from "../e2e/world.ts";
import { docker, nameOf, untilHealthy } from "./containers.ts";
import { count, printAtEnd, tell } from "./count.ts";
import { type Asked, type LoadOptions, type Outcome, send, startLoad } from "./load.ts";
import { type Supervised, supervised } from "./supervised.ts";

printAtEnd();
let world: World;
let key: string;
let organization: string;
beforeAll(async () => {
  world = await openWorld();
  // Only a person makes a key.
  const password = readFileSync(dataPaths(world.settings.dataDir).staffPassword, "utf8");
  const email = staffEmail(world.settings);
  ({ token: key } = await world.api<{ token: string }>("POST", "/user/v1/sessions", { email, password }));
  const asked = { id: randomUUID(), method: "GET", path: "/user/v1/organizations" };
  const { text = "" } = await send({ port: world.settings.servicePorts.user, key }, undefined, asked);
  const { items } = JSON.parse(text) as { items: Array<{ id: string; role: string | null }> };
  organization = items.find(({ role }) => role === "owner")?.id ?? "";
});

/** Answers before which nothing is stopped. */
const warm = 300;
/** Every fourth client writes, the last two are idle between requests for longer than an answer takes. */
const clients = 16;
const isWriter = (client: number) => client % 4 === 0;
const pauseMs = (client: number) =>
  client >= clients - 2 ? 30 + Math.random() * 60 : isWriter(client) ? 15 : 0;

const readsOf: Record<ServiceName, string> = {
  user: "/user/v1/organizations?limit=5",
  tenant: "/tenant/v1/tenants?limit=5",
  instance: "/instance/v1/operations?limit=5",
};
const read = (service: ServiceName): Asked => ({ id: randomUUID(), method: "GET", path: readsOf[service] });
/** A key's name, by which a write is found in the record. */
const nameIn = (id: string) => id.replaceAll("-", "");
const write = (): Asked => {
  const id = randomUUID();
  const path = `/user/v1/organizations/${organization}/api-keys`;
  return { id, method: "POST", path, body: { name: nameIn(id), scope: "read" } };
};

/** Ids of requests that a log tells of. */
function idsIn(log: string): Set<string> {
  const lines = log.split("\n").filter((line) => line.includes('"msg":"request"'));
  return new Set(lines.map((line) => (JSON.parse(line) as { requestId: string }).requestId));
}

/** How many keys each write has made. */
async function made(): Promise<(outcome: Outcome) => number> {
  const rows = await world.sql<{ name: string }>("auth", "select name from api_keys");
  return ({ id }) => rows.filter(({ name }) => name === nameIn(id)).length;
}

/** What keeps requests waiting in the middle: no write of the user service, and no read of the others, gets past it. */
const locks: Record<ServiceName, { database: string; sql: string }> = {
  user: { database: "auth", sql: "lock table api_keys in share row exclusive mode" },
  tenant: { database: "tenant", sql: "lock table tenants in access exclusive mode" },
  instance: { database: "instance", sql: "lock table operations in access exclusive mode" },
};

/** Holds a service's requests in the middle. Gives what lets them go on. */
async function hold(service: ServiceName): Promise<() => Promise<void>> {
  const { database, sql } = locks[service];
  const { settings } = world;
  const password = readFileSync(dataPaths(settings.dataDir).loginPassword("provisioner"), "utf8").trim();
  const at = { host: "127.0.0.1", port: settings.postgresPort };
  const client = new pg.Client({ ...at, user: "provisioner", password, database });
  await client.connect();
  await client.query("begin");
  await client.query(sql);
  const waiting = `select from pg_stat_activity where datname = '${database}' and wait_event_type = 'Lock'`;
  await until(async () => (await world.sql("postgres", waiting)).length > 1, {
    ...{ what: "requests that wait in the middle", deadlineMs: 10_000, everyMs: 10 },
  });
  return () => client.end();
}

interface Target {
  service: ServiceName;
  /** Where its health is asked. */
  port: number;
  /** Sends the signal, and resolves when it has ended. */
  stop(): Promise<unknown>;
}

/**
 * Puts a load on a port and ends what answers there, while requests are held in the middle: they go on when the process
 * has begun to stop. Gives what came of every request.
 */
async function underLoad(options: Pick<LoadOptions, "port" | "host" | "next">, target: Target) {
  const load = startLoad({ ...options, key, clients, pauseMs });
  const answered = async () => load.outcomes.filter(({ status }) => status && status < 300).length >= warm;
  await until(answered, { what: "the load to be answered", deadlineMs: 60_000, everyMs: 20 });
  const goOn = await hold(target.service);
  const from = performance.now();
  const underWay = [...load.underWay];
  const stopped = target.stop();
  // Before that it may not answer, for what it asks is held up as well; after that nobody may be there any more.
  const leaves = () =>
    fetch(`http://127.0.0.1:${target.port}/health`, { signal: AbortSignal.timeout(200) }).then(
      ({ status }) => status === 503,
      (error) => error.name !== "TimeoutError",
    );
  await until(leaves, { what: "it to say that it stops", deadlineMs: 10_000, everyMs: 10 });
  await goOn();
  await stopped;
  const seconds = (performance.now() - from) / 1_000;
  load.stop();
  await load.ended;
  return { outcomes: load.outcomes, underWay, seconds };
}

/** Sends writes again with the keys they had: each must be there once after that. */
async function again(port: number, unanswered: Outcome[]): Promise<number> {
  let right = 0;
  for (const { id, method, path, body } of unanswered) {
    const answer = await send({ port, key }, undefined, { id, method, path, body });
    expect(answer.status, answer.text).toBe(201);
    right += (await made())(answer) === 1 ? 1 : 0;
  }
  expect(right).toBe(unanswered.length);
  return right;
}

test.each(serviceNames)(
  "the container of the %s service stops under load and loses nothing",
  async (service) => {
    const { settings } = world;
    const name = nameOf(settings, service);
    const port = settings.servicePorts[service];
    const next = (client: number) => (service === "user" && isWriter(client) ? write() : read(service));
    const target = { service, port, stop: () => docker("stop", name) };
    const { outcomes, underWay, seconds } = await underLoad({ port, next }, target);
    const taken = idsIn(await docker("logs", name));
    const exitCode = Number(await docker("inspect", "--format", "{{.State.ExitCode}}", name));
    const rowsOf = await made();
    await docker("start", name);
    await untilHealthy(settings, service);
    const { row, unanswered } = count({
      what: `container ${service}`,
      outcomes,
      underWay,
      taken,
      rowsOf,
      exitCode,
      seconds,
    });
    row[11] = `${await again(port, unanswered)}`;
    tell(row);
  },
);

test("the container of the user service stops behind Traefik, which says 502 for what it could not hand on", async () => {
  const { settings } = world;
  const name = nameOf(settings, "user");
  const next = (client: number) => (isWriter(client) ? write() : read("user"));
  const host = apiHost(settings);
  const target = {
    service: "user",
    port: settings.servicePorts.user,
    stop: () => docker("stop", name),
  } as const;
  const { outcomes, underWay, seconds } = await underLoad({ port: settings.httpPort, host, next }, target);
  const taken = idsIn(await docker("logs", name));
  const exitCode = Number(await docker("inspect", "--format", "{{.State.ExitCode}}", name));
  const rowsOf = await made();
  await docker("start", name);
  await untilHealthy(settings, "user");
  // Its answer for a service that is away.
  const handed = outcomes.map((one) =>
    one.status === 502 ? { ...one, status: undefined, error: "502", isHalf: false } : one,
  ) as Outcome[];
  const { row, unanswered } = count({
    what: "container user, by Traefik",
    outcomes: handed,
    underWay,
    taken,
    rowsOf,
    exitCode,
    seconds,
  });
  row[11] = `${await again(settings.servicePorts.user, unanswered)}`;
  tell(row);
});

let running: Supervised | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

test("the supervised process of all services stops under load and loses nothing", async () => {
  running = await supervised(world.env, "together");
  const { port } = running;
  const pid = await running.pidOf("services");
  const next = (client: number) =>
    isWriter(client) ? write() : read(serviceNames[client % serviceNames.length] ?? "user");
  const ended = async () =>
    (await running?.status())?.children.find(({ restarts }) => restarts > 0)?.lastExit;
  const stop = async () => {
    process.kill(pid, "SIGTERM");
    await until(ended, { what: "the services to end", deadlineMs: 30_000, everyMs: 20 });
  };
  const { outcomes, underWay, seconds } = await underLoad({ port, next }, { service: "user", port, stop });
  const taken = idsIn(readFileSync(join(dataPaths(world.settings.dataDir).log, "services.log"), "utf8"));
  const exitCode = (await ended()) === "exit code 0" ? 0 : 1;
  const counted = {
    what: "process of all",
    outcomes,
    underWay,
    taken,
    rowsOf: await made(),
    exitCode,
    seconds,
  };
  const { row, unanswered } = count(counted);
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/health/database`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(answers, { what: "the services to be back", deadlineMs: 30_000, everyMs: 50 });
  row[11] = `${await again(port, unanswered)}`;
  tell(row);
});
