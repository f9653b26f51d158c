// The same work by hand, as well as we can do it: what Berth's figures are held against.
import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import pg from "pg";
import { tar } from "../../components/provider/fittings/tar.ts";
import { own } from "../../components/provider/ownership/own.ts";
import { traefikKeys } from "../../components/provider/traefik-keys.ts";
import type { PlatformOutputs } from "../../control-plane/platform/outputs.ts";
import type { Settings } from "../../control-plane/settings.ts";
import { adminPassword } from "../../control-plane/tenant/password.ts";
import { docker } from "./docker.ts";
import { loginPageAnswers } from "./ready.ts";

export interface RawWorld {
  settings: Settings;
  platform: PlatformOutputs;
  /** Connection options of the superuser login, without a database. */
  login: pg.ClientConfig;
  redis: Redis;
}

export interface RawTenant {
  /** `ten_...` as Berth's own are named. */
  id: string;
  host: string;
  address: string;
}

/** Milliseconds from the start to the end of each step. */
export type RawSteps = Record<string, number>;

const names = (world: RawWorld, tenant: RawTenant) => ({
  database: `${tenant.id}_production`,
  container: `berth-${world.settings.env}-${tenant.id}-production`,
});

export async function rawCreate(world: RawWorld, tenant: RawTenant): Promise<RawSteps> {
  const from = performance.now();
  const steps: RawSteps = {};
  const mark = (step: string) => {
    steps[step] = performance.now() - from;
  };
  const { database } = names(world, tenant);
  const password = randomBytes(24).toString("base64url");
  const admin = new pg.Client({ ...world.login, database: "postgres" });
  await admin.connect();
  await admin.query(`CREATE ROLE ${database} LOGIN PASSWORD '${password}'`);
  mark("role");
  const container = startContainer(world, tenant).then(() => mark("container"));
  // Awaited at the end; until then its failure must not end the process.
  container.catch(() => undefined);
  const made = adminPassword(undefined);
  await admin.query(`CREATE DATABASE ${database} OWNER ${database} TEMPLATE ${world.platform.template.name}`);
  await admin.end();
  mark("database");
  const inside = new pg.Client({ ...world.login, database });
  await inside.connect();
  const clone = {
    database,
    role: database,
    password,
    templateRole: "odoo_template_objects",
    baseUrl: `http://${tenant.host}`,
    admin: { login: "admin@bench.example", passwordHash: (await made).hash },
    company: "Bench",
    country: undefined,
    lang: "en_US",
    open: true,
    identity: undefined,
  };
  await own(inside, clone, () => Promise.reject(new Error(`The clone ${database} is not fresh.`)));
  await inside.end();
  mark("ownership");
  const keys = traefikKeys({
    tenant: tenant.id,
    instance: "production",
    hosts: [tenant.host],
    target: `http://${tenant.address}:8069`,
    entryPoint: world.platform.traefik.entryPoint,
  });
  const multi = world.redis.multi();
  for (const [key, value] of Object.entries(keys)) multi.set(key, value);
  await multi.exec();
  mark("route");
  await container;
  await letBegin(world, tenant, password);
  await loginPageAnswers(world.settings.httpPort, tenant.host);
  mark("ready");
  return steps;
}

async function startContainer(world: RawWorld, tenant: RawTenant): Promise<void> {
  const { database, container } = names(world, tenant);
  const { platform } = world;
  await docker("POST", `/containers/create?name=${container}`, {
    Image: platform.images.odoo.ref,
    Cmd: [
      `--database=${database}`,
      `--db_host=${platform.network.gateway}`,
      `--db_port=${platform.postgres.port}`,
      `--db_user=${database}`,
      "--db_maxconn=16",
      `--db-filter=^${database}$`,
      "--no-database-list",
      "--proxy-mode",
      "--workers=0",
      "--max-cron-threads=1",
      "--http-port=8069",
      "--data-dir=/var/lib/odoo",
    ],
    Env: ["BERTH_DB_PASSWORD_FILE=/run/berth/db-password"],
    Labels: { "berth.env": world.settings.env, "berth.tenant": tenant.id, "berth.instance": "production" },
    HostConfig: {
      Binds: [`${container}-files:/var/lib/odoo`],
      NetworkMode: platform.network.name,
      Dns: world.settings.tenantDns,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Memory: 1024 << 20,
      MemorySwap: 1024 << 20,
      NanoCpus: 1e9,
      PidsLimit: 256,
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      RestartPolicy: { Name: "unless-stopped" },
    },
    NetworkingConfig: {
      EndpointsConfig: { [platform.network.name]: { IPAMConfig: { IPv4Address: tenant.address } } },
    },
  });
  await docker("POST", `/containers/${container}/start`);
}

/** The password file, for which Odoo waits. */
async function letBegin(world: RawWorld, tenant: RawTenant, password: string): Promise<void> {
  const { container } = names(world, tenant);
  const archive = tar({
    path: "run/berth/db-password",
    mode: 0o400,
    uid: world.platform.images.odoo.uid,
    content: password,
  });
  await docker("PUT", `/containers/${container}/archive?path=/`, archive);
}

export async function rawRemove(world: RawWorld, tenant: RawTenant): Promise<void> {
  const { database, container } = names(world, tenant);
  const folders = ["routers", "services"].map((kind) => `traefik/http/${kind}/${tenant.id}-production/*`);
  const keys = (await Promise.all(folders.map((folder) => world.redis.keys(folder)))).flat();
  await Promise.all([
    keys.length > 0 ? world.redis.del(...keys) : 0,
    docker("DELETE", `/containers/${container}?force=true&v=true`).then(() =>
      docker("DELETE", `/volumes/${container}-files`),
    ),
    dropDatabase(world, database),
  ]);
}

async function dropDatabase(world: RawWorld, database: string): Promise<void> {
  const admin = new pg.Client({ ...world.login, database: "postgres" });
  await admin.connect();
  await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
  await admin.query(`DROP ROLE ${database}`);
  await admin.end();
}
