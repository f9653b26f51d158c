import pg from "pg";
import { project } from "../../../stacks/tenant/names.ts";
import { connection, type DatabaseLogin } from "../../database.ts";

/** Pulumi's own database, seen from outside: one row per blob, its text in base64 inside JSON. */
export interface StateStore {
  /** Blobs whose key begins with `prefix`, by key. */
  read(prefix: string): Promise<Array<{ key: string; text: string }>>;
  /** Keys that begin with `prefix`, and when each was written last. */
  list(prefix: string): Promise<Array<{ key: string; updatedAt: Date }>>;
  /** Entries of histories written since a moment, by key, and the moment of the look. */
  history(prefix: string, since: Date): Promise<{ rows: Array<{ key: string; content: Buffer }>; now: Date }>;
  /** Removes exactly these blobs; one that is gone already is no error. */
  remove(keys: string[]): Promise<void>;
  /** Removes all but the last `keep` blobs whose key begins with `prefix`. */
  prune(prefix: string, keep: number): Promise<void>;
  /** Bytes of all of it, and of the largest stack's checkpoint as it is stored. */
  size(): Promise<{ bytes: number; largestStack: number }>;
  close(): Promise<void>;
}

/** @param login user `pulumi` of database `pulumi` */
export function openStateStore(login: DatabaseLogin): StateStore {
  const pool = new pg.Pool({ ...connection(login, "berth provisioner"), max: 4, query_timeout: 10_000 });
  // An idle connection that breaks is replaced by the pool; whoever asks next sees whether it works.
  pool.on("error", () => undefined);
  return {
    async read(prefix) {
      const found = await pool.query<{ key: string; data: string }>(
        "select key, data->>'data' as data from pulumi_state where starts_with(key, $1) order by key",
        [prefix],
      );
      return found.rows.map(({ key, data }) => ({ key, text: Buffer.from(data, "base64").toString("utf8") }));
    },
    async list(prefix) {
      const found = await pool.query<{ key: string; updatedAt: Date }>(
        `select key, updated_at as "updatedAt" from pulumi_state where starts_with(key, $1)`,
        [prefix],
      );
      return found.rows;
    },
    async history(prefix, since) {
      // Before the rows: what is written after this moment is seen by the next look.
      const asked = await pool.query<{ now: Date }>("select clock_timestamp() as now");
      const found = await pool.query<{ key: string; data: string | null }>(
        `select key, data->>'data' as data from pulumi_state
         where starts_with(key, $1) and key like '%.history.json%' and updated_at >= $2 order by key`,
        [prefix, since],
      );
      return {
        rows: found.rows.map(({ key, data }) => ({ key, content: Buffer.from(data ?? "", "base64") })),
        now: asked.rows[0]?.now ?? since,
      };
    },
    async remove(keys) {
      await pool.query("delete from pulumi_state where key = any($1)", [keys]);
    },
    async prune(prefix, keep) {
      await pool.query(
        `delete from pulumi_state where key in (
           select key from pulumi_state where starts_with(key, $1) order by key desc offset $2)`,
        [prefix, keep],
      );
    },
    async size() {
      // The size of what is stored apart is known without reading it.
      const found = await pool.query<{ bytes: number; largestStack: number }>(
        `select pg_database_size(current_database())::float8 as bytes,
           (select coalesce(max(pg_column_size(data)), 0) from pulumi_state
            where starts_with(key, $1) and right(key, 5) = '.json')::int as "largestStack"`,
        [stacksRoot],
      );
      return found.rows[0] ?? { bytes: 0, largestStack: 0 };
    },
    close: () => pool.end(),
  };
}

const root = "pulumi/.pulumi";
/** Checkpoints of all stacks are under the one, locks under the other. */
export const stacksRoot = `${root}/stacks/${project}/`;
export const locksRoot = `${root}/locks/organization/${project}/`;
/** The histories of all stacks. */
export const historyRoot = `${root}/history/${project}/`;

/** Where Pulumi's postgres:// backend keeps what of a stack: the database's name, then as in a file backend. */
export function stateKeys(tenantId: string) {
  return {
    checkpoint: `${stacksRoot}${tenantId}.json`,
    /** Checkpoint, its predecessor, tags: all end in something after the name. */
    stack: `${stacksRoot}${tenantId}.`,
    locks: `${locksRoot}${tenantId}/`,
    history: `${historyRoot}${tenantId}/`,
    backups: `${root}/backups/${project}/${tenantId}/`,
  };
}
