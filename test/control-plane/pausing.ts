import pg from "pg";
import { connection } from "../../control-plane/database.ts";
import { until } from "../../control-plane/until.ts";
import type { TestServer } from "../support/postgres.ts";

/** Holds a change of tables still, at the statement that a test wants. */
export interface Pausing {
  /** Every statement there was that had its effect, in order. */
  seen(): Promise<string[]>;
  /** The one to hold from now on; none when left out. */
  hold(statement?: string): Promise<void>;
  /** Waits until it is held, and gives its backend. */
  held(): Promise<number>;
  /** Lets go, and takes all traces of this away. */
  close(): Promise<void>;
}

/** Begins to watch the changes of a database: an event trigger waits for a lock that is held here. */
export async function pauseChanges(server: TestServer, database: string): Promise<Pausing> {
  const sql = <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
    server.sql<Row>(text, values, database);
  // A statement's key is its query and its place in it. It is held longer than the migration's own lock_timeout.
  await sql(`
    create schema pausing;
    create table pausing.gate ();
    create table pausing.wanted (statement text);
    create table pausing.seen (number bigserial, statement text);
    create function pausing.pause() returns event_trigger language plpgsql security definer set lock_timeout = 0 as $$
    declare
      query text := md5(current_query());
      place int := 1;
    begin
      if current_setting('pausing.query', true) = query then
        place := current_setting('pausing.place')::int + 1;
      end if;
      perform set_config('pausing.query', query, false), set_config('pausing.place', place::text, false);
      insert into pausing.seen (statement) values (query || '/' || place);
      if exists (select from pausing.wanted where statement = query || '/' || place) then
        perform set_config('application_name', 'held', false);
        lock pausing.gate in access share mode;
      end if;
    end $$;
    create event trigger pausing on ddl_command_start execute function pausing.pause()`);
  const gate = new pg.Client(connection(server.login("postgres", database), "tests"));
  gate.on("error", () => undefined);
  await gate.connect();
  await gate.query("begin; lock pausing.gate in access exclusive mode");
  return {
    async seen() {
      const rows = await sql<{ statement: string }>("select statement from pausing.seen order by number");
      return [...new Set(rows.map(({ statement }) => statement))];
    },
    async hold(statement) {
      await sql("delete from pausing.wanted");
      if (statement) await sql("insert into pausing.wanted values ($1)", [statement]);
    },
    held: () =>
      until(
        async () => {
          const [one] = await server.sql<{ pid: number }>(
            `select pid from pg_stat_activity
             where datname = $1 and application_name = 'held' and wait_event_type = 'Lock'`,
            [database],
          );
          return one?.pid;
        },
        { what: `a change of ${database} to be held`, deadlineMs: 60_000, everyMs: 5 },
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
