import pg from "pg";
import { withClient } from "../database.ts";
import type { Deps } from "./deps.ts";

/** How far the loading of modules into a database came; undefined when it was never begun. */
export type LoadMark = "begun" | "done" | undefined;

// Kept as the database's comment: it goes with the database, and nothing of the tenant's reads it.
const texts = { begun: "berth: modules are being loaded", done: "berth: modules are loaded" };

type Server = Pick<Deps, "tenantsServer">;
const name = "berth provisioner";

export async function readLoadMark({ tenantsServer }: Server, database: string): Promise<LoadMark> {
  const { rows } = await withClient(tenantsServer, name, (client) =>
    client.query<{ text: string | null }>(
      "select shobj_description(oid, 'pg_database') as text from pg_database where datname = $1",
      [database],
    ),
  );
  return (["begun", "done"] as const).find((mark) => texts[mark] === rows[0]?.text);
}

export async function setLoadMark(
  { tenantsServer }: Server,
  database: string,
  mark: "begun" | "done",
): Promise<void> {
  const what = pg.escapeIdentifier(database);
  await withClient(tenantsServer, name, (client) =>
    client.query(`comment on database ${what} is ${pg.escapeLiteral(texts[mark])}`),
  );
}
