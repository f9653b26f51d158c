import { readFile } from "node:fs/promises";
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { fewRounds, makeVerifier, verifies } from "../../components/provider/scram.ts";
import { dataPaths, type Login, logins } from "../paths.ts";
import { isOwnServer, type Settings } from "../settings.ts";
import { letInToLook, lookers } from "./lookers.ts";
import { ensurePulumiTable } from "./pulumi-table.ts";

/** The control plane's databases: who owns each and who else may connect. What they may do there, migrations say. */
export const ownDatabases: ReadonlyArray<{ name: string; owner: Login; guests: Login[] }> = [
  { name: "pulumi", owner: "pulumi", guests: [] },
  { name: "auth", owner: "auth_owner", guests: ["auth_run"] },
  { name: "tenant", owner: "tenant_owner", guests: ["tenant_run"] },
  { name: "instance", owner: "instance_owner", guests: ["instance_run", "router"] },
];

/** Role that owns every object of a template; nobody can log in as it. */
export const templateObjectsOwner = "odoo_template_objects";

/**
 * Makes logins, databases and rights what they should be, and changes nothing that is.
 * A login whose password file was replaced gets the new password.
 */
export async function ensureDatabases(settings: Settings): Promise<void> {
  const platform = new URL(settings.platformDatabaseUrl);
  const tenants = new URL(settings.tenantsDatabaseUrl);
  for (const server of platform.host === tenants.host ? [platform] : [platform, tenants]) {
    await onServer(settings, server, async (client) => {
      if (server === platform) {
        // On an operator's server the login in its URL is theirs to make.
        const own = isOwnServer(settings, server);
        await ensureLogins(
          client,
          settings,
          own ? logins : logins.filter((login) => login !== "provisioner"),
        );
        if (own) await ensureRounds(client);
        for (const database of ownDatabases) await ensureDatabase(client, database);
      } else if (isOwnServer(settings, server)) {
        await ensureLogins(client, settings, ["provisioner", ...lookers]);
        await ensureRounds(client);
      }
      await ensureRole(client, templateObjectsOwner);
      await closeToPublic(client);
      if (server === platform || isOwnServer(settings, server)) await letInToLook(client);
    });
  }
  await ensurePulumiTable(settings);
}

/** Runs `work` as a superuser: our own server's first one, or the login an operator gave for theirs. */
export async function onServer<T>(
  settings: Settings,
  server: URL,
  work: (client: Client) => Promise<T>,
  database = "postgres",
): Promise<T> {
  const client = await openOnServer(settings, server, database);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A connection as that superuser, which the caller ends. */
export async function openOnServer(settings: Settings, server: URL, database: string): Promise<Client> {
  const paths = dataPaths(settings.dataDir);
  const own = isOwnServer(settings, server);
  const file = own ? paths.postgresPassword : paths.loginPassword("provisioner");
  const client = new Client({
    host: server.hostname,
    port: Number(server.port || "5432"),
    user: own ? "postgres" : decodeURIComponent(server.username),
    password: (await readFile(file, "utf8")).trim(),
    database,
    connectionTimeoutMillis: 10_000,
  });
  // A connection that breaks while idle is noticed by the next query.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function ensureLogins(client: Client, settings: Settings, names: readonly Login[]): Promise<void> {
  const paths = dataPaths(settings.dataDir);
  const { rows } = await client.query<{ name: string; fine: boolean; kept: string | null }>(
    `select rolname as name, rolpassword as kept,
       rolcanlogin and rolsuper = (rolname = 'provisioner') and not rolcreaterole and not rolcreatedb
         and not rolreplication and not rolbypassrls as fine
     from pg_authid where rolname = any($1)`,
    [names],
  );
  for (const name of names) {
    const password = (await readFile(paths.loginPassword(name), "utf8")).trim();
    const row = rows.find((one) => one.name === name);
    if (row?.fine && verifies(password, row.kept ?? "")) continue;
    const rights = name === "provisioner" ? "superuser" : "nosuperuser";
    await client.query(
      `${row ? "alter" : "create"} role ${escapeIdentifier(name)} login ${rights} nocreaterole nocreatedb
       noreplication nobypassrls password ${escapeLiteral(makeVerifier(password))}`,
    );
  }
}

/** The roles that our login makes have passwords of ours as well: few rounds, as `makeVerifier` has it. */
async function ensureRounds(client: Client): Promise<void> {
  const found = await client.query(
    "select from pg_roles where rolname = 'provisioner' and $1 = any(rolconfig)",
    [`scram_iterations=${fewRounds}`],
  );
  if (!found.rowCount) await client.query(`alter role provisioner set scram_iterations = ${fewRounds}`);
}

async function ensureRole(client: Client, name: string): Promise<void> {
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [name]);
  if (!rowCount) await client.query(`create role ${escapeIdentifier(name)} nologin`);
}

async function ensureDatabase(client: Client, database: (typeof ownDatabases)[number]): Promise<void> {
  const { rows } = await client.query<{ owner: string; guests: string[] }>(
    `select pg_get_userbyid(datdba) as owner, array(
       select pg_get_userbyid(grantee) from aclexplode(datacl)
       where privilege_type = 'CONNECT' and grantee <> 0 and grantee <> datdba)::text[] as guests
     from pg_database where datname = $1`,
    [database.name],
  );
  const [row] = rows;
  const name = escapeIdentifier(database.name);
  const owner = escapeIdentifier(database.owner);
  if (!row) await client.query(`create database ${name} owner ${owner} template template0 encoding 'UTF8'`);
  else if (row.owner !== database.owner) await client.query(`alter database ${name} owner to ${owner}`);
  for (const guest of database.guests) {
    if (!row?.guests.includes(guest))
      await client.query(`grant connect on database ${name} to ${escapeIdentifier(guest)}`);
  }
}

/** PostgreSQL lets everyone connect to a new database; nobody shall, here. */
async function closeToPublic(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select datname as name from pg_database
     where datname = any($1) and (datacl is null or exists (select from aclexplode(datacl) where grantee = 0))`,
    [["postgres", "template1", ...ownDatabases.map((database) => database.name)]],
  );
  for (const { name } of rows)
    await client.query(`revoke all on database ${escapeIdentifier(name)} from public`);
}
