import type pg from "pg";
import { quote } from "../postgres.ts";

/** The login that pgAdmin looks with: it may connect to every clone, reads, and writes nothing. Not every server has it. */
export const looker = "pgadmin";

/** Lets it connect. */
export async function letLookerIn(client: pg.Client, database: string): Promise<void> {
  const found = await client.query(
    `SELECT FROM pg_roles r, pg_database d WHERE r.rolname = $1 AND d.datname = $2 AND NOT EXISTS (
       SELECT FROM aclexplode(d.datacl) x WHERE x.grantee = r.oid AND x.privilege_type = 'CONNECT')`,
    [looker, database],
  );
  if (found.rowCount) await client.query(`GRANT CONNECT ON DATABASE ${quote(database)} TO ${quote(looker)}`);
}
