import { type Client, escapeIdentifier, escapeLiteral } from "pg";
import { looker } from "../../components/provider/ownership/looker.ts";
import type { Login } from "../paths.ts";

/** Logins that look and change nothing. */
export const lookers = ["monitor", looker] as const satisfies Login[];

/** The roles of PostgreSQL's own that each is in, what its sessions begin with, and the databases it opens. */
const rights: Record<
  (typeof lookers)[number],
  { roles: string[]; settings: Record<string, string>; databases: string[] | "all" }
> = {
  monitor: { roles: ["pg_monitor"], settings: {}, databases: ["postgres"] },
  pgadmin: {
    roles: ["pg_monitor", "pg_read_all_data"],
    // Its roles let it write nothing; this says so sooner. Row security shows it every organisation.
    settings: { default_transaction_read_only: "on", "berth.organizations": "all" },
    databases: "all",
  },
};

/** Gives each its rights, where it has them not. Others that somebody gave it are not looked for. */
export async function letInToLook(client: Client): Promise<void> {
  for (const login of lookers) {
    const { roles, settings, databases } = rights[login];
    const name = escapeIdentifier(login);
    const missing = await client.query<{ grant: string }>(
      `select quote_ident(role) as grant from unnest($2::text[]) role where not pg_has_role($1, role, 'member')
       union all
       select 'connect on database ' || quote_ident(datname) from pg_database
       where datallowconn and not datistemplate and ($3::text[] is null or datname = any($3)) and not exists (
         select from aclexplode(datacl) where pg_get_userbyid(grantee) = $1 and privilege_type = 'CONNECT')`,
      [login, roles, databases === "all" ? null : databases],
    );
    for (const { grant } of missing.rows)
      await client.query(`grant ${grant} to ${name}`).catch(madeMeanwhile);
    const { rows } = await client.query<{ config: string[] }>(
      "select coalesce(rolconfig, '{}') as config from pg_roles where rolname = $1",
      [login],
    );
    for (const [setting, value] of Object.entries(settings))
      if (!rows[0]?.config.includes(`${setting}=${value}`))
        await client.query(`alter role ${name} set ${setting} = ${escapeLiteral(value)}`);
  }
}

/** A tenant's database that is being made or dropped in this moment: whoever makes it lets the login in. */
function madeMeanwhile(error: Error & { code?: string }): void {
  if (error.code !== "3D000" && !error.message.includes("tuple concurrently")) throw error;
}
