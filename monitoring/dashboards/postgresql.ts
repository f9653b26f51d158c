import {
  BytesIEC,
  BytesPerSecondIEC,
  OpsPerSecond,
  PercentUnit,
  Seconds,
  Short,
} from "@grafana/grafana-foundation-sdk/units";
import type { DashboardSpec } from "./dashboard.ts";
import { answers, rates, shouldBeNone } from "./kinds.ts";
import { graph, stat } from "./panels.ts";

/** Without templates, and without what belongs to no database. */
const real = 'datname!~"template.*|"';

export const postgresql: DashboardSpec = {
  name: "postgresql",
  title: "Berth: PostgreSQL",
  description: "The server that holds the record and every tenant's database.",
  rows: {
    Now: [
      answers({
        title: "Answers",
        means: "1 while PostgreSQL answers its exporter.",
        bad: "0: nothing works without it. See docs/runbooks/part-away.md.",
        queries: [["min(pg_up)", "up"]],
      }),
      stat({
        title: "Connections in use",
        means: "Share of the connections that are taken.",
        bad: "above 80 %: see docs/runbooks/database-connections-full.md.",
        unit: PercentUnit,
        thresholds: { warn: 0.7, red: 0.8 },
        queries: [["sum(pg_stat_database_numbackends) / max(pg_settings_max_connections)", "taken"]],
      }),
      stat({
        title: "Room on its disk",
        means: "What is free on the disk with PostgreSQL's data.",
        bad: "below 2 GB: see docs/runbooks/database-full.md.",
        unit: BytesIEC,
        thresholds: { warn: 10 * 2 ** 30, red: 2 * 2 ** 30, below: true },
        queries: [["min(berth:data_disk_avail_bytes)", "free"]],
      }),
      stat({
        title: "Longest transaction",
        means: "How long the transaction has gone on that began first.",
        bad: "an hour: rows that were changed since cannot be tidied away, and migrations wait.",
        unit: Seconds,
        thresholds: { warn: 600, red: 3600 },
        queries: [["max(pg_stat_activity_max_tx_duration)", "longest"]],
      }),
      stat({
        title: "Deadlocks, last hour",
        means: "Transactions that PostgreSQL ended because they waited for each other.",
        bad: "many: two programs take the same rows in another order.",
        unit: Short,
        thresholds: { warn: 1, red: 20 },
        queries: [["sum(increase(pg_stat_database_deadlocks[1h]))", "deadlocks"]],
      }),
      stat({
        title: "Databases",
        means: "How many databases there are, and what they take together.",
        bad: "nothing in itself.",
        unit: BytesIEC,
        thresholds: "none",
        queries: [["sum(pg_database_size_bytes)", "together"]],
      }),
    ],
    Connections: [
      graph({
        title: "Connections and their limit",
        means: "Connections that are taken, and how many there may be.",
        bad: "near the limit.",
        unit: Short,
        thresholds: "none",
        queries: [
          ["sum(pg_stat_database_numbackends)", "taken"],
          ["max(pg_settings_max_connections)", "limit"],
        ],
      }),
      graph({
        title: "Connections by database",
        means: "The ten databases with most connections.",
        bad: "one that has dozens.",
        unit: Short,
        thresholds: { warn: 40, red: 60 },
        queries: [[`topk(10, pg_stat_database_numbackends{${real}})`, "{{datname}}"]],
      }),
      graph({
        title: "What connections do",
        means: "Connections by state.",
        bad: "'idle in transaction' for long: it holds locks and does nothing.",
        unit: Short,
        thresholds: "none",
        queries: [["sum by (state) (pg_stat_activity_count)", "{{state}}"]],
      }),
      graph({
        title: "Longest transaction by database",
        means: "The oldest open transaction of each database.",
        bad: "an hour.",
        unit: Seconds,
        thresholds: { warn: 600, red: 3600 },
        queries: [["topk(10, max by (datname) (pg_stat_activity_max_tx_duration))", "{{datname}}"]],
        width: 12,
      }),
      graph({
        title: "Locks",
        means: "Locks that are held or waited for, by mode.",
        bad: "'accessexclusivelock' for longer than a moment: all others of that table wait.",
        unit: Short,
        thresholds: "none",
        queries: [["sum by (mode) (pg_locks_count)", "{{mode}}"]],
        width: 12,
      }),
    ],
    Work: [
      rates({
        title: "Transactions",
        means: "Transactions a second, by how they ended.",
        bad: "as many rolled back as committed.",
        unit: OpsPerSecond,
        thresholds: "none",
        of: [
          ["pg_stat_database_xact_commit", "committed"],
          ["pg_stat_database_xact_rollback", "rolled back"],
        ],
      }),
      graph({
        title: "Busiest databases",
        means: "The ten databases with most transactions a second.",
        bad: "one that takes the others' time.",
        unit: OpsPerSecond,
        thresholds: "none",
        queries: [[`topk(10, rate(pg_stat_database_xact_commit{${real}}[$__rate_interval]))`, "{{datname}}"]],
      }),
      graph({
        title: "Found in memory",
        means: "Share of blocks that were in PostgreSQL's memory when they were wanted.",
        bad: "below 95 % for long: shared_buffers is too small for what is worked on.",
        unit: PercentUnit,
        thresholds: { warn: 0.98, red: 0.95, below: true },
        queries: [
          [
            "sum(rate(pg_stat_database_blks_hit[$__rate_interval])) / (sum(rate(pg_stat_database_blks_hit[$__rate_interval])) + sum(rate(pg_stat_database_blks_read[$__rate_interval])) > 0)",
            "in memory",
          ],
        ],
      }),
      rates({
        title: "Rows",
        means: "Rows that are fetched, inserted, changed and deleted a second.",
        bad: "nothing in itself.",
        unit: OpsPerSecond,
        thresholds: "none",
        of: [
          ["pg_stat_database_tup_fetched", "fetched"],
          ["pg_stat_database_tup_inserted", "inserted"],
          ["pg_stat_database_tup_updated", "changed"],
          ["pg_stat_database_tup_deleted", "deleted"],
        ],
      }),
      rates({
        title: "Written for sorting",
        means: "Bytes a second that queries write to disk because they do not fit into work_mem.",
        bad: "megabytes a second for long: a report of some tenant.",
        unit: BytesPerSecondIEC,
        thresholds: { warn: 10 * 2 ** 20, red: 100 * 2 ** 20 },
        of: [["pg_stat_database_temp_bytes", "temporary files"]],
      }),
      rates({
        title: "Deadlocks",
        means: "Deadlocks a second.",
        bad: "a line that stays above zero.",
        unit: OpsPerSecond,
        thresholds: { warn: 0.01, red: 0.1 },
        of: [["pg_stat_database_deadlocks", "deadlocks"]],
      }),
    ],
    Room: [
      graph({
        title: "Biggest databases",
        means: "The fifteen biggest databases: the record's and tenants'.",
        bad: "one that grows by gigabytes a day.",
        unit: BytesIEC,
        thresholds: "none",
        queries: [["topk(15, pg_database_size_bytes)", "{{datname}}"]],
        width: 12,
      }),
      graph({
        title: "The disk with its data",
        means: "What is free on the disk with PostgreSQL's data, and what the databases take.",
        bad: "free that falls to nothing: at zero PostgreSQL takes no writes.",
        unit: BytesIEC,
        thresholds: "none",
        queries: [
          ["min(berth:data_disk_avail_bytes)", "free"],
          ["sum(pg_database_size_bytes)", "databases"],
        ],
        width: 12,
      }),
      shouldBeNone({
        title: "Exporter's own errors",
        means: "1 when the exporter could not read everything that it should.",
        bad: "1: figures of this page are missing. Its container's log says which.",
        queries: [["max(pg_exporter_last_scrape_error)", "error"]],
      }),
    ],
  },
};
