import { type DatabaseLogin, withClient } from "../../../database.ts";

export interface DatabaseFigures {
  /** By database; one that nobody is connected to is not there. */
  connections: Map<string, number>;
  /** By database; of one that was looked at not long ago it is not there. */
  bytes: Map<string, number>;
}

/** Milliseconds between two looks at a size: for each PostgreSQL looks at every file of a database. */
const sizesEveryMs = 60_000;
/** Milliseconds that a statement may take. */
const patienceMs = 20_000;

/** Looks at the databases of tenants on their server. */
export function createDatabaseLook(server: DatabaseLogin): (databases: string[]) => Promise<DatabaseFigures> {
  const sizedAt = new Map<string, number>();
  const isDue = (name: string) =>
    performance.now() - (sizedAt.get(name) ?? Number.NEGATIVE_INFINITY) >= sizesEveryMs;
  return (databases) =>
    withClient(
      server,
      "berth provisioner figures",
      async (client) => {
        const connected = await client.query<{ name: string; count: number }>(
          `select datname as name, count(*)::int as count from pg_stat_activity
           where backend_type = 'client backend' and datname = any($1) group by datname`,
          [databases],
        );
        const connections = new Map(connected.rows.map(({ name, count }) => [name, count]));
        for (const known of sizedAt.keys()) if (!databases.includes(known)) sizedAt.delete(known);
        const due = databases.filter(isDue);
        const sizes = await client.query<{ name: string; bytes: number | null }>(
          "select datname as name, pg_database_size(oid)::float8 as bytes from pg_database where datname = any($1)",
          [due],
        );
        for (const name of due) sizedAt.set(name, performance.now());
        const bytes = new Map(
          sizes.rows.flatMap(({ name, bytes }) => (bytes === null ? [] : [[name, bytes]])),
        );
        return { connections, bytes };
      },
      patienceMs,
    );
}
