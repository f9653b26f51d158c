import { type Client, escapeIdentifier } from "pg";
import type { Login } from "../paths.ts";

/** Logins that look and change nothing: the roles of PostgreSQL's own that they are in, and the databases they open. */
const lookers: Partial<Record<Login, { roles: string[]; databases: string[] }>> = {
  monitor: { roles: ["pg_monitor"], databases: ["postgres"] },
};

/** Gives each its rights, where it has them not. Others that somebody gave it are not looked for. */
export async function letInToLook(client: Client): Promise<void> {
  for (const [login, { roles, databases }] of Object.entries(lookers)) {
    const name = escapeIdentifier(login);
    const missing = await client.query<{ grant: string }>(
      `select quote_ident(role) as grant from unnest($2::text[]) role where not pg_has_role($1, role, 'member')
       union all
       select 'connect on database ' || quote_ident(datname) from pg_database
       where datname = any($3) and not exists (
         select from aclexplode(datacl) where pg_get_userbyid(grantee) = $1 and privilege_type = 'CONNECT')`,
      [login, roles, databases],
    );
    for (const { grant } of missing.rows) await client.query(`grant ${grant} to ${name}`);
  }
}
