import type pg from "pg";
import { looker } from "./looker.ts";
import { readParameters } from "./parameters.ts";

/** The parameters of a clone that tell whose it is. */
export interface Marks {
  baseUrl: string;
  identity: string;
  /** Role the clone was made the own of; empty before. */
  owner: string;
  /** Language applied then; empty while it is not loaded. */
  lang: string;
  /** Whether Odoo may start. */
  open: boolean;
}

export const ownerKey = "berth.owner";
export const langKey = "berth.lang";
/** The image's entry script waits for this one. */
export const openKey = "berth.adopted";

export async function readMarks(client: pg.Client): Promise<Marks> {
  const keys = ["web.base.url", "database.uuid", ownerKey, langKey, openKey];
  const found = await readParameters(client, keys);
  const value = (key: string) => found.get(key) ?? "";
  return {
    baseUrl: value("web.base.url"),
    identity: value("database.uuid"),
    owner: value(ownerKey),
    lang: value(langKey),
    open: value(openKey) !== "",
  };
}

// An object of an extension follows its extension, a table's type and indexes follow the table.
const notOfExtensions = (table: string) =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${table}'::regclass AND d.objid = o.oid AND d.deptype IN ('e', 'i', 'a'))`;
const ownSchema = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'";

/** One row per object that is not the role's ($1): its kind as ALTER names it, and its quoted name. */
export const foreignObjects = `
  SELECT CASE o.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
         WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind, format('%I.%I', n.nspname, o.relname) AS name
  FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
  WHERE o.relkind IN ('r', 'p', 'S', 'v', 'm', 'f') AND ${ownSchema} AND pg_get_userbyid(o.relowner) <> $1
    AND ${notOfExtensions("pg_class")}
  UNION ALL
  SELECT 'ROUTINE', o.oid::regprocedure::text
  FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace
  WHERE ${ownSchema} AND pg_get_userbyid(o.proowner) <> $1 AND ${notOfExtensions("pg_proc")}
  UNION ALL
  SELECT 'SCHEMA', quote_ident(n.nspname) FROM pg_namespace n
  WHERE ${ownSchema} AND pg_get_userbyid(n.nspowner) NOT IN ($1, 'pg_database_owner')`;

/** Whether nobody was let into this clone yet: its tables are still the template's. */
export async function isFresh(client: pg.Client, templateRole: string): Promise<boolean> {
  const found = await client.query<{ owner: string }>(
    `SELECT pg_get_userbyid(c.relowner) AS owner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relname = 'ir_config_parameter'`,
  );
  return found.rows[0]?.owner === templateRole;
}

export async function countForeignObjects(client: pg.Client, role: string): Promise<number> {
  const found = await client.query<{ count: string }>(`SELECT count(*) FROM (${foreignObjects}) AS f`, [
    role,
  ]);
  return Number(found.rows[0]?.count ?? 0);
}

export interface Access {
  connectable: boolean;
  otherLogins: string[];
  verifier: string;
}

/** How the database may be reached, read from shared catalogues; undefined when there is no such database. */
export async function readAccess(
  client: pg.Client,
  database: string,
  role: string,
): Promise<Access | undefined> {
  const found = await client.query<{ connectable: boolean; logins: string[]; verifier: string | null }>(
    `SELECT d.datallowconn AS connectable, a.rolpassword AS verifier,
       ARRAY(SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END
             FROM aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) x
             WHERE x.grantee <> d.datdba AND x.privilege_type IN ('CONNECT', 'TEMPORARY', 'CREATE')
               AND NOT (x.privilege_type = 'CONNECT' AND pg_get_userbyid(x.grantee) = '${looker}')
             ORDER BY 1) AS logins
     FROM pg_database d LEFT JOIN pg_authid a ON a.rolname = $2 WHERE d.datname = $1`,
    [database, role],
  );
  const row = found.rows[0];
  return row && { connectable: row.connectable, otherLogins: row.logins, verifier: row.verifier ?? "" };
}
