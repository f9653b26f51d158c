import type { Settings } from "../../settings.ts";
import { onServer } from "../databases.ts";

/** Operations that wait or are worked on, as a person names them. None where there is no record. */
export async function openWork(settings: Settings): Promise<string[]> {
  return onServer(
    settings,
    new URL(settings.platformDatabaseUrl),
    async (client) => {
      const there = await client.query("select where to_regclass('public.operations') is not null");
      if (!there.rowCount) return [];
      const { rows } = await client.query<{ id: string; kind: string; slug: string | null }>(
        "select o.id, o.kind, s.slug from operations o join stacks s using (tenant_id) where o.status in ('queued', 'running') order by o.seq",
      );
      return rows.map(({ id, kind, slug }) => `${id} (${kind}${slug ? ` of ${slug}` : ""})`);
    },
    "instance",
  ).catch((error: { code?: string }) => {
    // It is gone, or was never made.
    if (error.code === "3D000") return [];
    throw error;
  });
}
