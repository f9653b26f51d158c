import { stacksRoot } from "../../provisioner/state/state-store.ts";
import type { Settings } from "../../settings.ts";
import { onServer } from "../databases.ts";
import type { Recorded } from "./facts.ts";

/** Every tenant that the record has, with what Pulumi's state has of it. */
export async function readRecord(settings: Settings): Promise<Recorded[]> {
  const server = new URL(settings.platformDatabaseUrl);
  const stacks = await onServer(
    settings,
    server,
    async (client) =>
      (
        await client.query<Omit<Recorded, "resources">>(
          `select s.tenant_id as id, s.slug, s.status,
             to_char(s.ready_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "readyAt",
             coalesce(jsonb_agg(jsonb_build_object('name', i.name, 'identity', i.identity) order by i.name)
               filter (where i.name is not null), '[]') as instances
           from stacks s left join instances i on i.tenant_id = s.tenant_id
           where s.status not in ('reserved', 'gone') group by s.tenant_id order by s.slug`,
        )
      ).rows,
    "instance",
  );
  const resources = await onServer(
    settings,
    server,
    async (client) => {
      const { rows } = await client.query<{ id: string; number: number }>(
        `select substr(key, length($1) + 1, 20) as id,
           coalesce(jsonb_array_length(nullif(
             convert_from(decode(data->>'data', 'base64'), 'UTF8')::jsonb
               #> '{checkpoint,latest,resources}', 'null')), 0) as number
         from pulumi_state where starts_with(key, $1) and key ~ '/ten_[a-z0-9]{16}[.]json$'`,
        [stacksRoot],
      );
      return new Map(rows.map(({ id, number }) => [id, number]));
    },
    "pulumi",
  );
  return stacks.map((stack) => ({ ...stack, resources: resources.get(stack.id) }));
}
