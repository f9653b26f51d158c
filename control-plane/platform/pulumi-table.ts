import { readFile } from "node:fs/promises";
import { Client } from "pg";
import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";

/**
 * The table in which Pulumi's `postgres://` backend keeps state, exactly as the backend itself makes it.
 * Made ahead, because two first commands at once would both make it and one would fail.
 */
export async function ensurePulumiTable(settings: Settings): Promise<void> {
  const server = new URL(settings.platformDatabaseUrl);
  const password = await readFile(dataPaths(settings.dataDir).loginPassword("pulumi"), "utf8");
  const client = new Client({
    host: server.hostname,
    port: Number(server.port || "5432"),
    user: "pulumi",
    password: password.trim(),
    database: "pulumi",
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  try {
    // Whether or not they exist, making them waits for everybody who writes, and lets nobody write meanwhile.
    const found = await client.query("select from pg_class where relname = 'pulumi_state_key_prefix_idx'");
    if (found.rowCount === 1) return;
    await client.query(`
      create table if not exists pulumi_state (
        key text primary key,
        data json not null,
        updated_at timestamp with time zone not null default now()
      );
      create index if not exists pulumi_state_key_prefix_idx on pulumi_state (key text_pattern_ops)`);
  } finally {
    await client.end();
  }
}
