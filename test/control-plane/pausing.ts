import pg from "pg";
import { connection } from "../../control-plane/database.ts";
import { until } from "../../control-plane/until.ts";
import type { TestServer } from "../support/postgres.ts";

/** Holds whatever changes tables still, at the statement that a test wants. */
export interface Pausing {
  /** Statements of no interest to this test; whatever else comes first is held. */
  pass(statements: string[]): Promise<void>;
  /** Waits until a statement is held, and gives its key and the backend. */
  held(): Promise<{ statement: string; pid: number }>;
  /** Lets go, and takes all traces of this away. */
  close(): Promise<void>;
}

/** Begins to hold changes in a database: an event trigger waits for a lock that is held here. */
export async function pauseChanges(server: TestServer, database: string): Promise<Pausing> {
  const sql = (text: string, values: unknown[] = []) => server.sql(text, values, database);
  // What is held has a key of its query and its place in it. Not by the migration's own lock_timeout, which is short.
  await sql(`
    create schema pausing;
    create table pausing.gate ();
    create table pausing.passed (statement text primary key);
    create function pausing.pause() returns event_trigger language plpgsql security definer set lock_timeout = 0 as $$
    declare
      query text := md5(current_query());
      place int := 1;
    begin
      if current_setting('pausing.query', true) = query then
        place := current_setting('pausing.place')::int + 1;
      end if;
      perform set_config('pausing.query', query, false), set_config('pausing.place', place::text, false);
      if not exists (select from pausing.passed where statement = query || '/' || place) then
        perform set_config('application_name', 'held ' || query || '/' || place, false);
        lock pausing.gate in access share mode;
      end if;
    end $$;
    create event trigger pausing on ddl_command_start execute function pausing.pause()`);
  const gate = new pg.Client(connection(server.login("postgres", database), "tests"));
  gate.on("error", () => undefined);
  await gate.connect();
  await gate.query("begin; lock pausing.gate in access exclusive mode");
  return {
    async pass(statements) {
      await sql("delete from pausing.passed");
      await sql("insert into pausing.passed select distinct unnest($1::text[])", [statements]);
    },
    held: () =>
      until(
        async () => {
          const [one] = await server.sql<{ statement: string; pid: number }>(
            `select substr(application_name, 6) as statement, pid from pg_stat_activity
             where datname = $1 and application_name like 'held %' and wait_event_type = 'Lock'`,
            [database],
          );
          return one;
        },
        { what: `a change of ${database} to be held`, deadlineMs: 20_000, everyMs: 5 },
      ),
    async close() {
      await gate.end();
      await sql("drop event trigger pausing; drop schema pausing cascade");
    },
  };
}

/** Ends a backend as an administrator would, and waits until it is gone. */
export async function endBackend(server: TestServer, pid: number): Promise<void> {
  await server.sql("select pg_terminate_backend($1)", [pid]);
  await until(
    async () => (await server.sql("select from pg_stat_activity where pid = $1", [pid])).length === 0,
    {
      ...{ what: `backend ${pid} to end`, deadlineMs: 10_000, everyMs: 5 },
    },
  );
}
