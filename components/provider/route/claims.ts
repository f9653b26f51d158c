import type pg from "pg";
import { Failure } from "../failure.ts";

export interface Claim {
  tenant: string;
  instance: string;
  hosts: string[];
}

/** Sentences about hosts that belong to another instance; none means that all are free or this instance's. */
export async function conflicts(client: pg.Client, claim: Claim): Promise<string[]> {
  const found = await client.query<{ host: string; tenant: string }>(
    `SELECT host, tenant FROM routing.hosts
     WHERE host = ANY($1) AND (tenant, instance) IS DISTINCT FROM ($2, $3) ORDER BY host`,
    [claim.hosts, claim.tenant, claim.instance],
  );
  return found.rows.map((row) =>
    row.tenant === claim.tenant
      ? `The host ${row.host} belongs to another instance of this tenant. Take it away there first.`
      : `The host ${row.host} belongs to another tenant. Choose another one.`,
  );
}

/** Writes down that these hosts lead to this instance; others it had stay its own. Throws a Failure when one is taken. */
export async function claim(client: pg.Client, route: Claim & { target: string }): Promise<void> {
  const { tenant, instance, hosts, target } = route;
  // Sorted, so that two instances that want the same hosts wait for each other in the same order.
  await client.query(
    `INSERT INTO routing.hosts (host, tenant, instance)
     SELECT host, $2, $3 FROM unnest($1::text[]) AS host ORDER BY host ON CONFLICT (host) DO NOTHING`,
    [hosts, tenant, instance],
  );
  const refused = await conflicts(client, route);
  if (refused.length > 0) throw new Failure(refused.join(" "));
  await client.query(
    `INSERT INTO routing.routers (tenant, instance, target, hosts) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant, instance) DO UPDATE SET target = excluded.target, hosts = excluded.hosts`,
    [tenant, instance, target, hosts],
  );
}

/** Gives up every host of an instance but these. */
export async function releaseOthers(client: pg.Client, { tenant, instance, hosts }: Claim): Promise<void> {
  await client.query("DELETE FROM routing.hosts WHERE tenant = $1 AND instance = $2 AND host <> ALL($3)", [
    tenant,
    instance,
    hosts,
  ]);
}

/** The hosts written down for an instance, sorted. */
export async function claimed(client: pg.Client, tenant: string, instance: string): Promise<string[]> {
  const found = await client.query<{ host: string }>(
    "SELECT host FROM routing.hosts WHERE tenant = $1 AND instance = $2 ORDER BY host",
    [tenant, instance],
  );
  return found.rows.map((row) => row.host);
}

export async function release(client: pg.Client, tenant: string, instance: string): Promise<void> {
  await client.query("DELETE FROM routing.routers WHERE tenant = $1 AND instance = $2", [tenant, instance]);
  await client.query("DELETE FROM routing.hosts WHERE tenant = $1 AND instance = $2", [tenant, instance]);
}
