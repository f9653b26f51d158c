import type { Client } from "pg";
import { Failure } from "../../../components/provider/failure.ts";
import { verifyDatabase } from "../../../components/provider/verify-database.ts";
import { names } from "../../../stacks/tenant/names.ts";
import { dataPaths } from "../../paths.ts";
import { readMarks } from "../../provisioner/marks.ts";
import { databaseUrl } from "../../pulumi-env.ts";
import { isOwnServer, type Settings } from "../../settings.ts";
import { onServer } from "../databases.ts";
import type { Run } from "../run.ts";
import { type Facts, type Found, nothingOf } from "./facts.ts";
import { readRecord } from "./record.ts";
import { readRoutes } from "./routes.ts";

/** Looks at the record and at everything outside it, and changes nothing. */
export async function look(settings: Settings, run: Run): Promise<Facts> {
  const recorded = await readRecord(settings);
  const found = new Map<string, Found>();
  const of = (id: string) => {
    const one = found.get(id) ?? nothingOf(id);
    found.set(id, one);
    return one;
  };
  for (const { tenant, name, running } of await containersOf(run, settings.env))
    of(tenant).containers.push({ name, running });
  for (const { tenant, name } of await volumesOf(run, settings.env)) of(tenant).volumes.push(name);
  const routes = await routesOf(settings);
  for (const { tenant, instance } of routes.known) of(tenant).routes.push(instance);
  await onServer(settings, new URL(settings.tenantsDatabaseUrl), async (client) => {
    for (const database of await databasesOf(client)) of(tenantOf(database)).databases.push(database);
    for (const [database, mark] of await readMarks(client)) of(tenantOf(database)).mark = mark;
  });
  for (const { id, instances } of recorded) {
    for (const { name, identity } of instances) {
      const { database } = names(id, name, settings.env);
      if (identity === null || !of(id).databases.includes(database)) continue;
      const { refusal } = await verifyDatabase(tenantsServer(settings), { database, identity });
      if (refusal) of(id).refusals.set(database, refusal);
    }
  }
  return { recorded, found, ...(routes.unknown ? { routesUnknown: routes.unknown } : {}) };
}

/** Redis may be what is broken: everything else is looked at all the same. */
async function routesOf(settings: Settings) {
  try {
    return { known: await readRoutes(settings), unknown: undefined };
  } catch (error) {
    if (error instanceof Failure) return { known: [], unknown: error.message };
    throw error;
  }
}

function tenantsServer(settings: Settings) {
  const server = new URL(settings.tenantsDatabaseUrl);
  const user = isOwnServer(settings, server) ? "provisioner" : decodeURIComponent(server.username);
  return {
    url: databaseUrl(settings.tenantsDatabaseUrl, user, "postgres"),
    passFile: dataPaths(settings.dataDir).pgpass,
  };
}

async function databasesOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "select datname as name from pg_database where datname ~ '^ten_[a-z0-9]{16}_' order by 1",
  );
  return rows.map(({ name }) => name);
}

function tenantOf(database: string): string {
  return database.slice(0, database.lastIndexOf("_"));
}

async function containersOf(run: Run, env: string) {
  const format = '{{.Label "berth.tenant"}}\t{{.Names}}\t{{.State}}';
  const rows = await labelled(run, ["ps", "--all"], env, format);
  return rows.map(([tenant = "", name = "", state]) => ({ tenant, name, running: state === "running" }));
}

async function volumesOf(run: Run, env: string) {
  const rows = await labelled(run, ["volume", "ls"], env, '{{.Label "berth.tenant"}}\t{{.Name}}');
  return rows.map(([tenant = "", name = ""]) => ({ tenant, name }));
}

/** What of Docker's is a tenant's, in columns of which the first is the tenant's id. */
async function labelled(run: Run, list: string[], env: string, format: string): Promise<string[][]> {
  const filters = ["--filter", `label=berth.env=${env}`, "--filter", "label=berth.tenant"];
  const text = await run("docker", [...list, ...filters, "--format", format]);
  const rows = text.split("\n").filter((line) => line !== "");
  return rows.map((line) => line.split("\t"));
}
