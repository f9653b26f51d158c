import { locksRoot } from "../../provisioner/state/state-store.ts";
import type { Settings } from "../../settings.ts";
import { onServer } from "../databases.ts";
import type { Manifest } from "./manifest.ts";
import type { Restoring } from "./restoring.ts";

interface Args {
  settings: Settings;
  manifest: Manifest;
  restoring: Restoring;
  /** How the restored databases are called now. */
  named: (database: string) => string;
}

/**
 * Takes out of a restored record what must not come to life again, before anybody can read it, and tells the audit:
 * - sessions: some were ended since, and everybody can sign in again;
 * - stacks that waited for a tenant: since then they may have become one, whose id nobody else may get;
 * - Pulumi's locks: whoever held them is gone.
 */
export async function settleRestored({ settings, manifest, restoring, named }: Args): Promise<void> {
  const server = new URL(settings.platformDatabaseUrl);
  const run = <Row>(database: string, text: string, values: unknown[] = []): Promise<Row[]> =>
    onServer(
      settings,
      server,
      async (client) => (await client.query(text, values)).rows as Row[],
      named(database),
    );
  await run("auth", "delete from sessions");
  await run("pulumi", "delete from pulumi_state where starts_with(key, $1)", [locksRoot]);
  await run("tenant", "delete from reserve");
  // One that a tenant has taken already is on its way to the instance service, with a salt that it needs.
  const taken = await run<{ id: string }>("tenant", "select id from tenants");
  const ids = taken.map(({ id }) => id);
  await run("instance", "delete from stacks where status = 'reserved' and tenant_id <> all($1)", [ids]);
  await run("instance", "delete from feed where type = 'reserved'");
  // Of an organisation's chain a part is gone without a trace in it; here is the trace, for those who look.
  const { id, at: takenAt, berth: version } = manifest;
  for (const database of ["auth", "tenant", "instance"])
    await run(
      database,
      `insert into audit (actor, action, target, request_id, after)
       select 'operator:cli', 'platform.restore', $1::text, $2::text, $3::jsonb
       where not exists (select from audit where request_id = $2::text)`,
      [id, `restore:${restoring.run}`, { takenAt, version }],
    );
}
