import { reason } from "./failure.ts";
import { readMarks } from "./ownership/observe.ts";
import { TooManyParameters } from "./ownership/parameters.ts";
import {
  closedDatabase,
  noSuchDatabase,
  noTable,
  type Server,
  sqlState,
  undefinedColumn,
  undefinedTable,
  withClient,
} from "./postgres.ts";

export interface DatabaseIdentity {
  database: string;
  /** The `database.uuid` it had when its instance was ready for the first time. */
  identity: string;
}

/**
 * Looks whether a tenant's database is there and its own, so that `up` never "mends" a tenant to an empty one.
 * Gives the sentence of a refusal: what was found, and what a person can do; `isUnchecked` when nobody could look.
 */
export async function verifyDatabase(
  server: Server,
  expected: DatabaseIdentity,
): Promise<{ refusal?: string; isUnchecked?: boolean }> {
  try {
    const wrong = await findWrong(server, expected);
    return wrong === undefined ? {} : { refusal: `${wrong} Nothing was changed.` };
  } catch (error) {
    const retry = "Try again once PostgreSQL answers.";
    const refusal = `Database ${expected.database} could not be checked. ${reason(error)}. ${retry} Nothing was changed.`;
    return { refusal, isUnchecked: true };
  }
}

const advice =
  "Restore it, or start Berth with BERTH_TENANTS_DATABASE_URL set to the right server; to give the tenant up, destroy it.";

async function findWrong(
  server: Server,
  { database, identity }: DatabaseIdentity,
): Promise<string | undefined> {
  const where = new URL(server.url).host;
  try {
    const { identity: actual } = await withClient(server, database, readMarks);
    if (actual === identity) return undefined;
    return `Database ${database} at ${where} is not this tenant's: its database.uuid is ${actual || "missing"}, expected ${identity}. ${advice}`;
  } catch (error) {
    const state = sqlState(error);
    if (state === noSuchDatabase)
      return `The tenant's database ${database} is missing at ${where}. ${advice}`;
    if (error instanceof TooManyParameters)
      return `Database ${database} at ${where} is not as Odoo leaves one. ${error.message}`;
    // It is there, so none is made in its place; whose it is, Ownership asks when it has opened it.
    if (state === closedDatabase) return undefined;
    if (state === undefinedTable || state === noTable || state === undefinedColumn)
      return `Database ${database} at ${where} is not an Odoo database. ${advice}`;
    throw error;
  }
}
