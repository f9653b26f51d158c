import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { CommandError } from "../../control-plane/platform/run.ts";
import { until } from "../../control-plane/until.ts";
import { names } from "../../stacks/tenant/names.ts";
import type { Asked, Lane } from "./lane.ts";

// Knows only what docker, psql, redis-cli, the plain pulumi CLI and the file system say. No code of the control
// plane judges itself.

/**
 * What is not as it should be, in words; an empty list is a pass.
 * @param baseline what was there before the first tenant
 * @param looked of those that are alive, the ones whose stack is compared with what is there: seconds for each
 */
export async function judge(
  lane: Lane,
  { baseline, alive, looked, gone }: { baseline: string[]; alive: Asked[]; looked: Asked[]; gone: Asked[] },
): Promise<string[]> {
  const listed = await inventory(lane);
  const wanted = [...baseline, ...alive.flatMap((tenant) => everythingOf(lane, tenant))];
  const problems = [
    ...wanted.filter((one) => !listed.includes(one)).map((one) => `missing: ${one}`),
    ...listed.filter((one) => !wanted.includes(one)).map((one) => `left: ${one}`),
    ...gone.filter(({ tenantId }) => existsSync(operatorsConfig(tenantId))).map(leftConfig),
  ];
  for (const tenant of looked) problems.push(...(await preview(lane, tenant)));
  return problems;
}

const own = (lane: Lane, { tenantId }: Asked) => names(tenantId, "production", lane.settings.env);

/** What a tenant that is alive has, and one that is gone has not, in the inventory's words. */
function everythingOf(lane: Lane, tenant: Asked): string[] {
  const its = own(lane, tenant);
  const { slug, tenantId } = tenant;
  return [
    `container ${its.container} running`,
    `volume ${its.volume}`,
    `database ${its.database} of ${its.role}`,
    `role ${its.role}`,
    `routers/${its.router} in Redis`,
    `services/${its.router} in Redis`,
    `host ${slug}.${lane.settings.domain} of ${tenantId}`,
    `route of ${tenantId}`,
    `address of ${tenantId}`,
    `stacks of ${tenantId} in the state`,
    `history of ${tenantId} in the state`,
    `file stacks/Pulumi.${tenantId}.yaml`,
  ];
}

/** Everything that an environment consists of, one line each, sorted. Stacks made ahead are left out. */
export async function inventory(lane: Lane): Promise<string[]> {
  const reserved = await untilReserveIsFull(lane);
  const { env, dataDir } = lane.settings;
  const named = ["--filter", `name=berth-${env}-`, "--format"];
  const sql = (database: string, query: string) => psql(lane, database, query);
  const [files, ...listed] = await Promise.all([
    readdir(dataDir, { recursive: true }),
    docker(lane, "ps", "-a", ...named, "container {{.Names}} {{.State}}"),
    docker(lane, "volume", "ls", ...named, "volume {{.Name}}"),
    docker(lane, "network", "ls", ...named, "network {{.Name}}"),
    sql("postgres", "select 'database ' || datname || ' of ' || pg_get_userbyid(datdba) from pg_database"),
    sql("postgres", "select 'role ' || rolname from pg_roles"),
    sql("instance", "select 'host ' || host || ' of ' || tenant from routing.hosts"),
    sql("instance", "select 'route of ' || tenant from routing.routers"),
    sql("instance", "select 'address of ' || tenant_id from instances where address is not null"),
    // Routes; what the services count and remember comes and goes by itself.
    redis(lane, "--scan").then((keys) => keys.filter((key) => !key.startsWith("berth:")).map(routeOfKey)),
    sql("pulumi", "select key from pulumi_state").then((keys) =>
      keys.filter((key) => !reserved.some((id) => key.includes(id))).map(stackOfKey),
    ),
  ]);
  // What the plain CLI writes of its own runs, the previews below among them, is the operator's.
  const kept = files.filter((file) => file.includes("ten_") && !file.startsWith("pulumi/logs/"));
  return [...new Set([...listed.flat(), ...kept.map((file) => `file ${file}`)])].toSorted();
}

/** `traefik/http/routers/<name>/rule` and its like in one line. */
function routeOfKey(key: string): string {
  const route = /^traefik\/http\/((?:routers|services)\/ten_[^/]+)\//.exec(key)?.[1];
  return `${route ?? key} in Redis`;
}

/** `pulumi/.pulumi/history/berth/<tenant>/...` and its like in one line. A lock is told whole. */
function stackOfKey(key: string): string {
  const [, area, tenant] = /^pulumi\/\.pulumi\/([a-z]+)\/.*?(ten_[a-z0-9]+)/.exec(key) ?? [];
  return area && tenant && area !== "locks" ? `${area} of ${tenant} in the state` : `${key} in the state`;
}

/** While stacks are made ahead there are some that nobody knows yet. Gives those that wait. */
function untilReserveIsFull(lane: Lane): Promise<string[]> {
  return until(
    async () => {
      const waiting = await psql(lane, "instance", "select tenant_id from stacks where status = 'reserved'");
      return waiting.length === lane.settings.reserve ? waiting : undefined;
    },
    { what: "stacks to be made ahead", deadlineMs: 60_000, everyMs: 200 },
  );
}

/** Where `berth env` writes a stack's config for the plain CLI. */
const operatorsConfig = (tenantId: string) => join(projectRoot, `Pulumi.${tenantId}.yaml`);
const leftConfig = ({ tenantId }: Asked) => `left: ${operatorsConfig(tenantId)}`;

/** `pulumi preview --refresh --expect-no-changes` as an operator runs it, with plugins that the CLI starts itself. */
async function preview(lane: Lane, { slug }: Asked): Promise<string[]> {
  const script = `eval "$(bin/berth env ${slug})" && exec pulumi preview --refresh --expect-no-changes --non-interactive`;
  try {
    await lane.run("bash", ["-c", script], { cwd: projectRoot });
    return [];
  } catch (error) {
    const said = error instanceof CommandError ? error.output : String(error);
    const changes = said.split("\n").filter((line) => !/unchanged|^\s*$/.test(line));
    return [`preview of ${slug}: ${changes.join(" | ")}`];
  }
}

/** A row in a tenant's database that no recovery of another tenant may touch. It is the tenant's own, as Odoo's are. */
export async function mark(lane: Lane, tenant: Asked, text: string): Promise<void> {
  const { database, role } = own(lane, tenant);
  const make = "create table faults_marker (note text)";
  await psql(lane, database, `set role "${role}"; ${make}; insert into faults_marker values ('${text}')`);
}

export async function readMark(lane: Lane, tenant: Asked): Promise<string[]> {
  return psql(lane, own(lane, tenant).database, "select note from faults_marker");
}

async function docker(lane: Lane, ...args: string[]): Promise<string[]> {
  return lines(await lane.run("docker", args));
}

async function psql(lane: Lane, database: string, query: string): Promise<string[]> {
  const { dataDir, env, postgresPort } = lane.settings;
  const password = await readFile(dataPaths(dataDir).loginPassword("provisioner"), "utf8");
  const command = `read -r PGPASSWORD; export PGPASSWORD; exec psql -h 127.0.0.1 -p ${postgresPort} -U provisioner -d "$0" -Atqc "$1"`;
  const args = ["exec", "-i", `berth-${env}-postgres`, "sh", "-c", command, database, query];
  return lines(await lane.run("docker", args, { input: `${password.trim()}\n` }));
}

async function redis(lane: Lane, ...args: string[]): Promise<string[]> {
  const { dataDir, env, redisPort } = lane.settings;
  const password = await readFile(dataPaths(dataDir).redisPassword, "utf8");
  const command = `read -r REDISCLI_AUTH; export REDISCLI_AUTH; exec redis-cli -p ${redisPort} "$@"`;
  const call = ["exec", "-i", `berth-${env}-redis`, "sh", "-c", command, "redis", ...args];
  return lines(await lane.run("docker", call, { input: `${password.trim()}\n` }));
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}
