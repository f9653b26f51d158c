import { locksRoot } from "../../provisioner/state/state-store.ts";
import type { Settings } from "../../settings.ts";
import { onServer } from "../databases.ts";

/**
 * Takes out of a restored record what must not come to life again, before anybody can read it:
 * - sessions: some were ended since, and everybody can sign in again;
 * - stacks that waited for a tenant: since then they may have become one, whose id nobody else may get;
 * - Pulumi's locks: whoever held them is gone.
 * @param named how the restored databases are called now
 */
export async function settleRestored(settings: Settings, named: (database: string) => string): Promise<void> {
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
}
