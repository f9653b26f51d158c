import type { Settings } from "../../settings.ts";
import { onServer } from "../databases.ts";

/** A name by which others reach a tenant, of all that the record has; none where there is no record. */
export async function reachedByOthers(settings: Settings): Promise<string | undefined> {
  const { rows } = await onServer(
    settings,
    new URL(settings.platformDatabaseUrl),
    async (client) => {
      const there = await client.query("select where to_regclass('public.instances') is not null");
      if (!there.rowCount) return { rows: [] };
      return client.query<{ host: string }>(
        "select host from instances, unnest(hosts) as host where host !~* '(^|[.])localhost$' limit 1",
      );
    },
    "instance",
  ).catch((error: { code?: string }) => {
    // It is gone, or was never made.
    if (error.code === "3D000") return { rows: [] };
    throw error;
  });
  return rows[0]?.host;
}
