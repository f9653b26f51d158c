import { type Client, escapeIdentifier } from "pg";
import type { Settings } from "../../settings.ts";
import { onServer, ownDatabases } from "../databases.ts";
import type { Progress } from "../tools.ts";
import { readPart, type Variables } from "./archive.ts";
import { hasContent } from "./look-at-databases.ts";
import type { Manifest } from "./manifest.ts";
import { dumpName } from "./parts.ts";
import type { PgProgram } from "./pg-program.ts";
import { noteRestoring, type Restoring } from "./restoring.ts";
import { settleRestored } from "./settle.ts";

interface Args {
  settings: Settings;
  env: Variables;
  progress: Progress;
  pg: PgProgram;
  manifest: Manifest;
  restoring: Restoring;
}

const filling = (database: string) => `${database}_restoring`;
const names = ownDatabases.map(({ name }) => name);

/**
 * Fills databases beside the ones that are there, and then changes all over in one transaction: either all are the
 * backup's or none is. What was there and held something is kept under another name.
 */
export async function fillDatabases(args: Args): Promise<void> {
  const { settings, env, progress, pg, manifest, restoring } = args;
  const server = new URL(settings.platformDatabaseUrl);
  const aside = (database: string) => `${database}_before_${restoring.run.slice(0, 8)}`;
  await onServer(settings, server, async (client) => {
    if (!restoring.changedOver) {
      const done = await client.query("select from pg_database where datname = any($1)", [names.map(aside)]);
      // This run was broken off after it had changed over and before it was noted.
      if (done.rowCount === 0) {
        for (const { name, owner } of ownDatabases) {
          await makeEmpty(client, filling(name), owner);
          await pg.restore(filling(name), readPart(env, restoring.file, dumpName(name)));
          progress(`database ${name} is filled`);
        }
        await settleRestored({ settings, manifest, restoring, named: filling });
        await changeOver(client, aside);
      }
      // What is set aside may be dropped from here on, and would no longer tell.
      await noteRestoring(settings.dataDir, { ...restoring, changedOver: true });
    }
    progress("all databases are the backup's");
    await dropUnlessUsed(settings, client, aside, progress);
  });
}

/** Anew where an interrupted run left one half filled. */
async function makeEmpty(client: Client, database: string, owner: string): Promise<void> {
  const name = escapeIdentifier(database);
  await client.query(`drop database if exists ${name} with (force)`);
  await client.query(
    `create database ${name} owner ${escapeIdentifier(owner)} template template0 encoding 'UTF8'`,
  );
  await client.query(`revoke all on database ${name} from public`);
}

async function changeOver(client: Client, aside: (database: string) => string): Promise<void> {
  const rename = (from: string, to: string) =>
    client.query(`alter database ${escapeIdentifier(from)} rename to ${escapeIdentifier(to)}`);
  await client.query("begin");
  for (const name of names) {
    await rename(name, aside(name));
    await rename(filling(name), name);
  }
  await client.query("commit");
}

/** Databases that were made a moment ago for this restore go away; of others none does. */
async function dropUnlessUsed(
  settings: Settings,
  client: Client,
  aside: (database: string) => string,
  progress: Progress,
): Promise<void> {
  const server = new URL(settings.platformDatabaseUrl);
  for (const name of names) {
    const there = await client.query("select from pg_database where datname = $1", [aside(name)]);
    if (there.rowCount === 0) continue;
    if (await onServer(settings, server, hasContent, aside(name)))
      progress(`what was the database ${name} is kept as ${aside(name)}`);
    else await client.query(`drop database ${escapeIdentifier(aside(name))}`);
  }
}
