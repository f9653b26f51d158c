import { looker } from "../../../components/provider/ownership/looker.ts";
import { type Login, logins } from "../../paths.ts";
import type { ServiceName } from "../../service-names.ts";
import { ownDatabases } from "../databases.ts";

/** Whether a login may get into a database: as its owner, as one of its guests, or to look. */
export function mayConnect(login: Login, database: string): boolean {
  if (login === "provisioner") return true;
  if (login === "monitor") return database === "postgres";
  if (login === looker) return database !== "template1";
  const own = ownDatabases.find(({ name }) => name === database);
  return own !== undefined && (own.owner === login || own.guests.includes(login));
}

/** Logins whose rights are looked at. The provisioner's is the administrator, which is refused nothing. */
export const lookedAt: Login[] = logins.filter((login) => login !== "provisioner");

/** Something that a login tries in its own database; nothing of it is kept. */
export interface Attempt {
  what: string;
  /** Statements of which all must work, or each must be refused. */
  statements: string[];
  allowed: boolean;
}

const reads: Record<ServiceName, string[]> = {
  user: ["users", "sessions", "organizations", "members", "audit"],
  tenant: ["tenants", "specs", "outbox", "audit"],
  instance: ["stacks", "instances", "operations", "leases", "feed", "audit", "routing.routers"],
};

/** Without an effect: who has the right finds no row. */
const writes: Record<ServiceName, string[]> = {
  user: ["update users set id = id where false", "delete from sessions where false"],
  tenant: ["update tenants set id = id where false", "update outbox set id = id where false"],
  instance: ["update operations set id = id where false", "delete from leases where false"],
};

const entry =
  "insert into audit (actor, action, target, request_id) values ('db-test', 'db-test', 'x', 'db-test')";

/** What no run-time login may do, wherever it is. */
const neverAllowed: Attempt[] = [
  {
    what: "changes tables",
    allowed: false,
    statements: [
      "create table berth_db_test (id int)",
      "create schema berth_db_test",
      "create function berth_db_test() returns int language sql as 'select 1'",
      "create extension hstore",
    ],
  },
  {
    what: "makes logins",
    allowed: false,
    statements: ["create role berth_db_test", "alter role current_user createdb"],
  },
  {
    what: "acts as superuser",
    allowed: false,
    statements: [
      "select * from pg_authid limit 1",
      "select pg_read_file('/etc/hostname')",
      "copy (select 1) to program 'true'",
      "set session_replication_role = replica",
      "set role postgres",
    ],
  },
];

/** What a service's run-time login must be able to do in its own database, and what must be refused to it. */
export function attemptsOf(service: ServiceName): Attempt[] {
  return [
    {
      what: "reads its tables",
      allowed: true,
      statements: reads[service].map((name) => `select from ${name} limit 1`),
    },
    { what: "writes its tables", allowed: true, statements: writes[service] },
    { what: "adds to the audit", allowed: true, statements: [entry] },
    {
      what: "changes the audit",
      allowed: false,
      statements: [
        "update audit set actor = actor where false",
        "delete from audit where false",
        "truncate audit",
        "drop table audit",
      ],
    },
    ...neverAllowed,
  ];
}
