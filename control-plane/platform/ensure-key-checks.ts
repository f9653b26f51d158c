import { readFile } from "node:fs/promises";
import { type Client, escapeIdentifier, escapeLiteral } from "pg";
import { createCrypter } from "../../stacks/tenant/crypter.ts";
import { createSecretsBox } from "../instance/secrets-box.ts";
import { keyCheckOf, keyCheckSetting, wrongKey } from "../key-check.ts";
import { deriveKeys } from "../keys.ts";
import { passphraseCheckSetting, wrongPassphrase } from "../passphrase-check.ts";
import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";
import { onServer } from "./databases.ts";

/**
 * Compares key and passphrase with what the databases were written with, and throws a sentence when they are others.
 * Where the databases do not say it yet they are told, after a look at what was sealed.
 */
export async function ensureKeyChecks(settings: Settings): Promise<void> {
  const paths = dataPaths(settings.dataDir);
  const keys = deriveKeys((await readFile(paths.key, "utf8")).trim());
  const passphrase = (await readFile(paths.passphrase, "utf8")).trim();
  const server = new URL(settings.platformDatabaseUrl);
  await onServer(
    settings,
    server,
    async (client) => {
      await ensureKey(client, paths.key, keyCheckOf(keys.instance), keys.instance.stackSecrets);
      await ensurePassphrase(client, paths.passphrase, passphrase);
    },
    "instance",
  );
}

async function ensureKey(client: Client, file: string, check: string, stackSecrets: Buffer): Promise<void> {
  const wrong = (cause?: unknown) =>
    new Error(
      `The key file ${file} is not the one that this environment's record was written with. ${wrongKey}`,
      { cause },
    );
  for (const database of ["auth", "tenant", "instance"]) {
    const known = await readSetting(client, database, keyCheckSetting);
    if (known === check) continue;
    if (known !== undefined) throw wrong();
    const sealed = await anyOf<{ id: string; secrets: string }>(
      client,
      "select tenant_id as id, secrets from stacks where secrets is not null limit 1",
    );
    try {
      if (sealed) createSecretsBox(stackSecrets).open(sealed.id, sealed.secrets);
    } catch (error) {
      throw wrong(error);
    }
    await writeSetting(client, database, keyCheckSetting, check);
  }
}

/** A salt of Pulumi's tells whether a passphrase is the one it was made with, and costs whoever guesses. */
async function ensurePassphrase(client: Client, file: string, passphrase: string): Promise<void> {
  const known = await readSetting(client, "pulumi", passphraseCheckSetting);
  const stack = await anyOf<{ salt: string }>(
    client,
    "select salt from stacks where salt is not null limit 1",
  );
  const { salt } = await createCrypter(passphrase, known ?? stack?.salt).catch((cause) => {
    throw new Error(
      `The passphrase in ${file} is not the one that the stacks were encrypted with. ${wrongPassphrase}`,
      { cause },
    );
  });
  if (known === undefined) await writeSetting(client, "pulumi", passphraseCheckSetting, salt);
}

/** A row of a table that there may not be yet. */
async function anyOf<Row>(client: Client, text: string): Promise<Row | undefined> {
  const there = await client.query("select where to_regclass('public.stacks') is not null");
  return there.rowCount ? ((await client.query(text)).rows[0] as Row | undefined) : undefined;
}

async function readSetting(client: Client, database: string, name: string): Promise<string | undefined> {
  const { rows } = await client.query<{ value: string }>(
    `select split_part(one, '=', 1) as name, substr(one, strpos(one, '=') + 1) as value
     from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase, unnest(setconfig) one
     where s.setrole = 0 and d.datname = $1 and split_part(one, '=', 1) = $2`,
    [database, name],
  );
  return rows[0]?.value;
}

async function writeSetting(client: Client, database: string, name: string, value: string): Promise<void> {
  await client.query(`alter database ${escapeIdentifier(database)} set ${name} = ${escapeLiteral(value)}`);
}
