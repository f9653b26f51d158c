import pg from "pg";
import { connection, type DatabaseLogin, isDatabaseAway } from "./database.ts";
import { type ServiceName, serviceNames } from "./service-names.ts";
import { ownLogins } from "./service-variables.ts";

/** A table that only this service's database has. */
const landmarks: Record<ServiceName, string> = { user: "users", tenant: "tenants", instance: "stacks" };

interface Found {
  is_superuser: boolean;
  has_attributes: boolean;
  is_owner: boolean;
  has_landmark: boolean;
  may_use_it: boolean | null;
  /** Other databases of the control plane's that it may connect to. */
  others: string[];
}

/**
 * Looks whether a login is fit to be a service's: with no more rights than it needs, for this service's database and for no
 * other. Throws an Error that says in a sentence why it is not, and PostgreSQL's own while that is away.
 */
export async function mustBeOwnLogin(service: ServiceName, login: DatabaseLogin): Promise<void> {
  const { user, database } = connection(login, "");
  const wrong = await look(service, login).then(
    (found) => whyNot(`${database}`, found),
    (error) => {
      if (isDatabaseAway(error)) throw error;
      return refused(`${database}`, error);
    },
  );
  if (wrong) throw new Error(`The ${service} service does not start with the login "${user}": ${wrong}.`);
}

const noRights = "it has no rights to this service's tables. Give it the run-time login";

function whyNot(database: string, found: Found): string | undefined {
  const { others } = found;
  if (found.is_superuser) return "it is a superuser. Give it a login that has only what this service needs";
  if (found.has_attributes)
    return "it may make logins or databases, or is past row security. Give it a login that has only what this service needs";
  if (found.is_owner)
    return `it owns the database "${database}" or something in it, so it could change tables and delete what was audited. Give it the run-time login`;
  if (others.length > 0)
    return `it may connect to ${others.map((one) => `"${one}"`).join(" and ")} as well. No two services share a login`;
  if (!found.has_landmark)
    return `"${database}" is not this service's database, or has no tables yet: bin/berth start makes them`;
  if (!found.may_use_it) return noRights;
  return undefined;
}

function refused(database: string, error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code === "3D000") return `there is no database "${database}"`;
  if (code === "42501" && /for schema/.test(message)) return noRights;
  if (code === "42501") return `it may not connect to "${database}". Is it another service's?`;
  if (code === "28P01" || code === "28000") return `PostgreSQL does not accept it, or not its password`;
  return message;
}

/** What of the control plane is not this service's. A tenant's database is its owner's to open to whom they like. */
function notOf(service: ServiceName): string[] {
  const others = serviceNames.filter((name) => name !== service);
  return ["pulumi", ...others.map((name) => ownLogins[name].database)];
}

async function look(service: ServiceName, login: DatabaseLogin): Promise<Found> {
  const client = new pg.Client({ ...connection(login, `berth ${service} check`), query_timeout: 10_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Found>(
      `select r.rolsuper as is_superuser,
         r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls as has_attributes,
         pg_has_role(d.datdba, 'member') or exists (
           select from pg_class where pg_has_role(relowner, 'member') and relpersistence <> 't') as is_owner,
         to_regclass($1) is not null as has_landmark,
         has_table_privilege(to_regclass($1), 'select') and has_table_privilege(to_regclass($1), 'insert') as may_use_it,
         array(
           select o.datname from pg_database o
           where o.datname = any($2) and o.datname <> current_database()
             and has_database_privilege(o.datname, 'connect') order by 1
         )::text[] as others
       from pg_roles r, pg_database d
       where r.rolname = current_user and d.datname = current_database()`,
      [`public.${landmarks[service]}`, notOf(service)],
    );
    const [row] = rows;
    if (!row) throw new Error("PostgreSQL does not know who is logged in.");
    return row;
  } finally {
    await client.end().catch(() => undefined);
  }
}
