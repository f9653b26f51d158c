import { getTableColumns, sql } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { instanceFigures } from "./schema.ts";

/** What one look at an instance has found; what could not be read is null. */
export type InstanceFigures = Omit<typeof instanceFigures.$inferSelect, "lookedAt">;

/** These take long to measure, so not each look has them: the last known ones stay. */
const kept: ReadonlySet<string> = new Set(["databaseBytes", "filesBytes"] satisfies Array<
  keyof InstanceFigures
>);
const key: ReadonlySet<string> = new Set(["tenantId", "instance"] satisfies Array<keyof InstanceFigures>);

/** Keeps the figures of a whole look, in one statement; what it did not look at is gone. */
export async function putFigures(db: Queries, figures: InstanceFigures[]): Promise<void> {
  const columns = Object.entries(getTableColumns(instanceFigures)).filter(([name]) => name !== "lookedAt");
  const names = sql.join(
    columns.map(([, { name }]) => sql.identifier(name)),
    sql`, `,
  );
  const typed = sql.join(
    columns.map(([, column]) => sql`${sql.identifier(column.name)} ${sql.raw(column.getSQLType())}`),
    sql`, `,
  );
  const changes = columns
    .filter(([property]) => !key.has(property))
    .map(([property, { name }]) => {
      const [column, excluded] = [sql.identifier(name), sql`excluded.${sql.identifier(name)}`];
      return kept.has(property)
        ? sql`${column} = coalesce(${excluded}, ${instanceFigures}.${column})`
        : sql`${column} = ${excluded}`;
    });
  const rows = figures.map((one) =>
    Object.fromEntries(columns.map(([property, { name }]) => [name, one[property as keyof InstanceFigures]])),
  );
  await db.execute(sql`
    with told as (
      select ${names} from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t (${typed})
    ), gone as (
      delete from ${instanceFigures} f where not exists (
        select from told where told.tenant_id = f.tenant_id and told.instance = f.instance)
    )
    insert into ${instanceFigures} (${names}, looked_at) select ${names}, now() from told
    on conflict (tenant_id, instance) do update set ${sql.join(changes, sql`, `)}, looked_at = excluded.looked_at`);
}
