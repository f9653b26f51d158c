import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { stateKeys } from "../../control-plane/provisioner/state/state-store.ts";
import { names } from "../../stacks/tenant/names.ts";
import type { World } from "../e2e/world.ts";

/** What PostgreSQL, Docker and Pulumi's state hold about one tenant. */
export type Facts = Awaited<ReturnType<typeof factsOf>>;

export async function factsOf(world: World, tenantId: string) {
  const { env, httpPort } = world.settings;
  const its = names(tenantId, "production", env);
  const column = async (database: string, text: string, ...values: unknown[]) =>
    (await world.sql<{ it: string }>(database, text, values)).map(({ it }) => it);
  const [tenant] = await world.sql<{ slug: string; status: string; url: string; name: string }>(
    "tenant",
    "select slug, status, url, name from tenants where id = $1",
    [tenantId],
  );
  const containers = await world.docker("ps", "-aq", "--filter", `label=berth.tenant=${tenantId}`);
  const page = await throughTraefik(
    httpPort,
    new URL(tenant?.url ?? "http://none").hostname,
    "/web/login",
  ).catch(() => undefined);
  return {
    tenantId,
    container: its.container,
    slug: tenant?.slug,
    status: tenant?.status,
    name: tenant?.name,
    page: page?.status,
    containers: containers.split("\n").filter(Boolean).length,
    databases: await column(
      "postgres",
      "select datname as it from pg_database where starts_with(datname, $1)",
      tenantId,
    ),
    roles: await column(
      "postgres",
      "select rolname as it from pg_roles where starts_with(rolname, $1)",
      tenantId,
    ),
    operations: await world.sql<{ id: string; kind: string; status: string; attempt: number }>(
      "instance",
      "select id, kind, status, attempt from operations where tenant_id = $1 order by seq",
      [tenantId],
    ),
    stacks: await column("instance", "select status as it from stacks where tenant_id = $1", tenantId),
    /** Pulumi's own list of what it did to the stack, and how much it made. */
    updates: await column(
      "pulumi",
      `select concat_ws(' ', u->>'kind', u->>'result', u->'resourceChanges'->>'create') as it from pulumi_state,
         lateral (select convert_from(decode(data->>'data', 'base64'), 'UTF8')::jsonb as u) decoded
       where starts_with(key, $1) and key like '%.history.json' order by key`,
      stateKeys(tenantId).history,
    ),
    outbox: await column(
      "tenant",
      `select concat_ws(' ', request->>'desired', case when done_at is null then 'waits' end,
         case when refused is not null then 'refused' end) as it from outbox where tenant_id = $1 order by id`,
      tenantId,
    ),
    audit: [
      ...(await column(
        "tenant",
        "select concat_ws(' ', action, after->>'status') as it from audit where tenant_id = $1 order by id",
        tenantId,
      )),
      ...(await column(
        "instance",
        "select action as it from audit where tenant_id = $1 order by id",
        tenantId,
      )),
    ],
    feed: await column(
      "instance",
      `select concat_ws(' ', data->'operation'->>'kind', data->'operation'->>'status') as it from feed
       where tenant_id = $1 and type = 'operation' order by seq`,
      tenantId,
    ),
  };
}

/** What is still under way, in words; nothing when all that was accepted has come to its end. */
export async function openEnds(world: World): Promise<string[]> {
  const words = async (database: string, text: string) =>
    (await world.sql<{ it: string }>(database, text)).map(({ it }) => it);
  return [
    ...(await words("tenant", "select 'delivery of ' || tenant_id as it from outbox where done_at is null")),
    ...(await words(
      "tenant",
      "select 'tenant ' || slug || ' is ' || status as it from tenants where status not in ('ready', 'failed', 'deleted')",
    )),
    ...(await words(
      "instance",
      "select kind || ' of ' || tenant_id || ' is ' || status as it from operations where status in ('queued', 'running')",
    )),
    ...(await behind(world)),
  ];
}

/** The feed's last number, and the number up to which the tenant service has followed it. */
async function behind(world: World): Promise<string[]> {
  const [last] = await world.sql<{ seq: string | null }>("instance", "select max(seq) as seq from feed");
  const [at] = await world.sql<{ seq: string }>("tenant", "select seq from feed_position");
  return Number(at?.seq ?? 0) < Number(last?.seq ?? 0)
    ? [`the feed is at ${last?.seq}, followed to ${at?.seq}`]
    : [];
}
