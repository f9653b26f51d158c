import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import pg from "pg";
import { connection, type DatabaseLogin } from "../../control-plane/database.ts";
import { migrateOwned, type Owners } from "../../control-plane/migrate.ts";
import { until } from "../../control-plane/until.ts";
import { freePorts } from "./free-ports.ts";

const exec = promisify(execFile);
const docker = async (...args: string[]) => (await exec("docker", args)).stdout.trim();

/** A PostgreSQL server of the tests' own: in one container, gone afterwards. */
export interface TestServer {
  container: string;
  port: number;
  /** Password of every login on it. */
  password: string;
  /** Runs one statement as the superuser. */
  sql<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    values?: unknown[],
    database?: string,
  ): Promise<Row[]>;
  login(user: string, database: string): DatabaseLogin;
  /** Stops the server as a machine that goes down does; `start` brings it back with its data. */
  stop(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** What globalSetup hands to the files: where the server is. */
export type TestServerAddress = Pick<TestServer, "container" | "port" | "password">;

const services = { auth: "auth", tenant: "tenant", instance: "instance" } as const;
export type ServiceDatabase = keyof typeof services;

/**
 * Starts a server and waits until it answers.
 * @param options of `docker run`, besides what every server gets
 */
export async function startServer(image: string, options: string[] = []): Promise<TestServer> {
  const [port = 0] = await freePorts(1);
  const password = randomBytes(12).toString("hex");
  const container = `berth-t-pg-${randomBytes(4).toString("hex")}-postgres`;
  await docker(
    ...["run", "--detach", "--name", container, "--label", "berth.env=t-pg"],
    ...["--network", "host", "--env", `POSTGRES_PASSWORD=${password}`, ...options, image],
    ...["postgres", "-c", `port=${port}`, "-c", "listen_addresses=127.0.0.1"],
    ...["-c", "fsync=off", "-c", "max_connections=200"],
  );
  const server = connectServer({ container, port, password });
  try {
    await answers(server);
  } catch (error) {
    await server.remove();
    throw error;
  }
  return server;
}

/** A server that is running already. */
export function connectServer(address: TestServerAddress): TestServer {
  const { container, port, password } = address;
  const login = (user: string, database: string): DatabaseLogin => ({
    url: `postgres://${user}@127.0.0.1:${port}/${database}`,
    password,
  });
  const server: TestServer = {
    ...address,
    login,
    async sql(text, values = [], database = "postgres") {
      const client = new pg.Client(connection(login("postgres", database), "tests"));
      client.on("error", () => undefined);
      await client.connect();
      try {
        return (await client.query(text, values)).rows;
      } finally {
        await client.end();
      }
    },
    async stop() {
      await docker("stop", "--time", "0", container);
    },
    async start() {
      await docker("start", container);
      await answers(server);
    },
    async remove() {
      await docker("rm", "--force", "--volumes", container);
    },
  };
  return server;
}

async function answers(server: TestServer): Promise<void> {
  let last: unknown;
  const listening = () =>
    server.sql("select 1").then(
      () => true,
      (error) => {
        last = error;
        return false;
      },
    );
  await until(listening, { what: "PostgreSQL of the tests", deadlineMs: 60_000, everyMs: 50 }).catch(
    (error) => {
      throw new Error(`${error.message} ${last}`, { cause: last });
    },
  );
}

/** Makes the logins and one migrated database of each service, to be cloned by every test file. */
export async function prepareTemplates(server: TestServer): Promise<void> {
  for (const name of ["router", ...Object.keys(services).flatMap((s) => [`${s}_owner`, `${s}_run`])]) {
    await server.sql(`create role ${name} login password '${server.password}'`);
  }
  for (const service of Object.keys(services)) {
    await server.sql(`create database ${service}_template owner ${service}_owner`);
    await server.sql(`revoke all on database ${service}_template from public`);
  }
  const owner = (service: ServiceDatabase) => server.login(`${service}_owner`, `${service}_template`);
  await migrateOwned({ auth: owner("auth"), tenant: owner("tenant"), instance: owner("instance") });
}

export interface TestDatabases {
  server: TestServer;
  names: Record<ServiceDatabase, string>;
  /** Run-time users. */
  logins: { user: DatabaseLogin; tenant: DatabaseLogin; instance: DatabaseLogin };
  owners: Owners;
  drop(): Promise<void>;
}

/**
 * A database of each service for one test file.
 * @param templates databases to clone, if not those of {@link prepareTemplates}
 */
export async function cloneDatabases(
  server: TestServer,
  templates: Partial<Record<ServiceDatabase, string>> = {},
): Promise<TestDatabases> {
  const suffix = randomBytes(4).toString("hex");
  const names = { auth: `auth_${suffix}`, tenant: `tenant_${suffix}`, instance: `instance_${suffix}` };
  for (const [service, name] of Object.entries(names)) {
    const template = templates[service as ServiceDatabase] ?? `${service}_template`;
    await server.sql(`create database ${name} template ${template} owner ${service}_owner`);
    await server.sql(`revoke all on database ${name} from public`);
    await server.sql(`grant connect on database ${name} to ${service}_run`);
  }
  await server.sql(`grant connect on database ${names.instance} to router`);
  return {
    server,
    names,
    logins: {
      user: server.login("auth_run", names.auth),
      tenant: server.login("tenant_run", names.tenant),
      instance: server.login("instance_run", names.instance),
    },
    owners: {
      auth: server.login("auth_owner", names.auth),
      tenant: server.login("tenant_owner", names.tenant),
      instance: server.login("instance_owner", names.instance),
    },
    async drop() {
      for (const name of Object.values(names)) await server.sql(`drop database ${name} with (force)`);
    },
  };
}
