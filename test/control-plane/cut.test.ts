// A backup's dumps are of one moment, whoever writes into the databases meanwhile.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { connection } from "../../control-plane/database.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { type Cut, cutDatabases } from "../../control-plane/platform/backup/cut.ts";
import { ownDatabases } from "../../control-plane/platform/databases.ts";
import { parseSettings, type Settings } from "../../control-plane/settings.ts";
import { connectServer } from "../support/postgres.ts";

const server = connectServer(inject("postgres"));
const names = ownDatabases.map(({ name }) => name);
const cuts = 10;
let dataDir: string;
let settings: Settings;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "berth-cut-"));
  settings = parseSettings({ BERTH_DATA_DIR: dataDir, BERTH_POSTGRES_PORT: `${server.port}` });
  const { postgresPassword } = dataPaths(settings.dataDir);
  await mkdir(dirname(postgresPassword), { recursive: true });
  await writeFile(postgresPassword, server.password, { mode: 0o600 });
  for (const name of names) {
    await server.sql(`create database ${name}`);
    await server.sql("create table counted (n bigint not null)", [], name);
    await server.sql("insert into counted values (0)", [], name);
  }
});
afterAll(async () => {
  for (const name of names) await server.sql(`drop database if exists ${name} with (force)`);
  await rm(dataDir, { recursive: true });
});

/** Commits 1 to the first database and then to the second, then 2, and so on, until it is stopped. */
async function startWriter(first: string, second: string): Promise<{ stop(): Promise<number> }> {
  const clients: pg.Client[] = [];
  for (const name of [first, second]) {
    const client = new pg.Client(connection(server.login("postgres", name), "tests"));
    await client.connect();
    await client.query("update counted set n = 0");
    clients.push(client);
  }
  let stopped = false;
  let n = 0;
  const written = (async () => {
    while (!stopped) {
      n += 1;
      for (const client of clients) await client.query("update counted set n = $1", [n]);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await written.finally(() => Promise.all(clients.map((client) => client.end())));
      return n;
    },
  };
}

async function seenBy(cut: Cut, database: string): Promise<number> {
  const rows = (await cut.sights.get(database)?.client.query<{ n: string }>("select n from counted"))?.rows;
  return Number(rows?.[0]?.n);
}

// Each order of the two, because the cut takes its snapshots one after the other.
test.each([
  ["pulumi", "instance"],
  ["instance", "pulumi"],
  ["tenant", "auth"],
])(
  "what is committed to %s and then to %s is seen in that order by every cut",
  { timeout: 120_000 },
  async (first, second) => {
    const writer = await startWriter(first, second);
    const seen: Array<[number, number]> = [];
    try {
      while (seen.length < cuts)
        seen.push(
          await cutDatabases(settings, async (cut) => [await seenBy(cut, first), await seenBy(cut, second)]),
        );
    } finally {
      await writer.stop();
    }
    for (const [one, other] of seen) {
      expect(other).toBeLessThanOrEqual(one);
      expect(one).toBeLessThanOrEqual(other + 1);
    }
    expect(new Set(seen.map(([one]) => one)).size, "it was written between the cuts").toBeGreaterThan(
      cuts / 2,
    );
  },
);
