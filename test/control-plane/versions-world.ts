import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { inject } from "vitest";
import { keysText } from "../../control-plane/keys.ts";
import type { Owners } from "../../control-plane/migrate.ts";
import { projectRoot } from "../../control-plane/paths.ts";
import { type ServiceName, serviceNames } from "../../control-plane/service-names.ts";
import { ownLogins } from "../../control-plane/service-variables.ts";
import { until } from "../../control-plane/until.ts";
import { freePorts } from "../support/free-ports.ts";
import { connectServer, type TestServer } from "../support/postgres.ts";
import { unpackReleased } from "./released.ts";
import { apiKey, keys } from "./support.ts";

export const versions = ["older", "newer"] as const;
export type Version = (typeof versions)[number];
export const other = (version: Version): Version => (version === "older" ? "newer" : "older");

/** One service's process. */
interface Running {
  url: string;
  child: ChildProcess;
  said(): string;
}

/** Empty databases, two versions of the code, and the services that run of each. */
export interface World {
  server: TestServer;
  names: Record<"auth" | "tenant" | "instance", string>;
  owners: Owners;
  /** Runs the migrations of one version in a process of its own. */
  migrate(version: Version): Promise<void>;
  /**
   * Starts a service and waits until it answers.
   * @param asks the version whose services it asks
   */
  start(service: ServiceName, version: Version, asks: Version): Promise<void>;
  end(service: ServiceName, version: Version, signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Sends a request to the service that its path names. */
  call(
    version: Version,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response>;
  /** What all of one version's processes said. */
  said(version: Version): string;
  remove(): Promise<void>;
}

export async function makeWorld(mailUrl: string): Promise<World> {
  const server = connectServer(inject("postgres"));
  const suffix = randomBytes(4).toString("hex");
  const names = { auth: `auth_${suffix}`, tenant: `tenant_${suffix}`, instance: `instance_${suffix}` };
  for (const [one, name] of Object.entries(names)) {
    await server.sql(`create database ${name} owner ${one}_owner`);
    await server.sql(`revoke all on database ${name} from public`);
    await server.sql(`grant connect on database ${name} to ${one}_run`);
  }
  const owners = {
    auth: server.login("auth_owner", names.auth),
    tenant: server.login("tenant_owner", names.tenant),
    instance: server.login("instance_owner", names.instance),
  };
  const released = await unpackReleased();
  const roots = { older: released.root, newer: projectRoot };
  const folder = await mkdtemp(join(tmpdir(), "berth-versions-"));
  const secret = async (name: string, content: string) => {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const redis = inject("redis");
  const passwords = {
    DB_SERVICE_PASSWORD_FILE: await secret("postgres-password", server.password),
    BERTH_REDIS_PASSWORD_FILE: await secret("redis-password", redis.password),
  };
  const ports = await freePorts(6);
  const portOf = (service: ServiceName, version: Version) =>
    ports[serviceNames.indexOf(service) + 3 * versions.indexOf(version)] ?? 0;
  const urlOf = (service: ServiceName, version: Version) => `http://127.0.0.1:${portOf(service, version)}`;
  const running = new Map<string, Running>();
  const all: Array<{ version: Version; one: Running }> = [];

  const start: World["start"] = async (service, version, asks) => {
    const { login, database } = ownLogins[service];
    const port = (one: ServiceName) => `${portOf(one, version)}`;
    const child = spawn(process.execPath, [join(roots[version], "control-plane/main.ts"), "serve", service], {
      cwd: folder,
      env: {
        ...{ PATH: process.env.PATH, HOME: folder, BERTH_SERVICES: "apart", BERTH_ENV: "t-ver" },
        ...{
          BERTH_DATA_DIR: folder,
          BERTH_REDIS_PORT: `${redis.port}`,
          BERTH_SMTP_URL: mailUrl,
          ...passwords,
        },
        ...{ BERTH_USER_PORT: port("user"), BERTH_TENANT_PORT: port("tenant") },
        BERTH_INSTANCE_PORT: port("instance"),
        ...{ BERTH_USER_URL: urlOf("user", asks), BERTH_TENANT_URL: urlOf("tenant", asks) },
        BERTH_INSTANCE_URL: urlOf("instance", asks),
        ...{ DB_SERVICE_USER: login, POSTGRES_HOST: "127.0.0.1", POSTGRES_PORT: `${server.port}` },
        POSTGRES_DB: names[database as keyof typeof names],
        BERTH_KEYS_FILE: await secret(`${service}.json`, keysText(keys[service])),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (part) => {
        said += part;
      });
    const one = { url: urlOf(service, version), child, said: () => said };
    running.set(`${service} ${version}`, one);
    all.push({ version, one });
    await until(
      async () => {
        if (child.exitCode !== null) throw new Error(`The ${version} ${service} service ended: ${said}`);
        return (await fetch(`${one.url}/${service}/health`).catch(() => undefined))?.ok;
      },
      { what: `the ${version} ${service} service to answer`, deadlineMs: 90_000, everyMs: 50 },
    );
  };

  const end: World["end"] = async (service, version, signal) => {
    const one = running.get(`${service} ${version}`);
    if (!one) return;
    running.delete(`${service} ${version}`);
    if (one.child.exitCode !== null || one.child.signalCode !== null) return;
    const ended = once(one.child, "exit");
    one.child.kill(signal);
    await ended;
  };

  return {
    ...{ server, names, owners, start, end },
    async migrate(version) {
      const script = join(import.meta.dirname, "migrate-process.ts");
      const module = join(roots[version], "control-plane/migrate.ts");
      const child = spawn(process.execPath, [script, module], { stdio: ["pipe", "pipe", "inherit"] });
      child.stdin.end(JSON.stringify(owners));
      const [[code], said] = await Promise.all([once(child, "close"), text(child.stdout)]);
      if (code !== 0) throw new Error(`The migrations of the ${version} version ended with ${code}: ${said}`);
    },
    call(version, method, path, body, headers = {}) {
      const [, service] = path.split("/");
      const given = new Headers({ authorization: `Bearer ${apiKey}`, ...headers });
      if (body !== undefined) given.set("content-type", "application/json");
      if (given.get("authorization") === "") given.delete("authorization");
      return fetch(`${urlOf(service as ServiceName, version)}${path}`, {
        ...{ method, headers: given },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    },
    said: (version) => all.flatMap((one) => (one.version === version ? [one.one.said()] : [])).join(""),
    async remove() {
      await Promise.all(
        [...running.keys()].map((key) => {
          const [service, version] = key.split(" ") as [ServiceName, Version];
          return end(service, version, "SIGKILL");
        }),
      );
      for (const name of Object.values(names)) await server.sql(`drop database ${name} with (force)`);
      await released.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
