import { createHmac } from "node:crypto";
import pg from "pg";
import { connection, type DatabaseLogin } from "./database.ts";
import type { ServiceKeys } from "./keys.ts";
import type { ServiceName } from "./service-names.ts";

/** Setting of our databases by which a key is known again; each session sees its database's. */
export const keyCheckSetting = "berth.key_check";

/** What stands in a database for the key file: the same for all services, and no key can be made of it. */
export function keyCheckOf(keys: ServiceKeys[ServiceName]): string {
  return createHmac("sha256", keys.idempotency).update("berth key check").digest("hex");
}

/** Throws a sentence when a service's keys are not those its database was written with. */
export async function mustBeOwnKey(
  service: ServiceName,
  login: DatabaseLogin,
  keys: ServiceKeys[ServiceName],
): Promise<void> {
  const known = await readCheck(login, keyCheckSetting);
  if (known !== undefined && known !== keyCheckOf(keys))
    throw new Error(
      `The ${service} service does not start: its keys are not made of the key file that its database was written with. ${wrongKey}`,
    );
}

export const wrongKey =
  "Put the right secrets/key back into the data folder, from a backup (data/secrets/key), and run bin/berth start. Nothing was changed.";

/** A check that a login's database carries; undefined before `bin/berth start` has set it. */
export async function readCheck(login: DatabaseLogin, setting: string): Promise<string | undefined> {
  const client = new pg.Client({ ...connection(login, "berth key check"), query_timeout: 10_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ value: string | null }>(
      "select current_setting($1, true) as value",
      [setting],
    );
    return rows[0]?.value || undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}
