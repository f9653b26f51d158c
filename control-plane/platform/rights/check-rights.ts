import pg from "pg";
import { connection, isDatabaseAway } from "../../database.ts";
import { readSecret } from "../../login.ts";
import { dataPaths, type Login } from "../../paths.ts";
import { databaseUrl } from "../../pulumi-env.ts";
import { serviceNames } from "../../service-names.ts";
import { ownLogins } from "../../service-variables.ts";
import { gatewayOf, isOwnServer, type Settings } from "../../settings.ts";
import { onServer, ownDatabases } from "../databases.ts";
import { type Attempt, attemptsOf, lookedAt, mayConnect } from "./expected.ts";

/** One thing that was tried. */
export interface Cell {
  login: Login;
  /** A database to get into, or something to do in its own. */
  what: string;
  /** What must be. */
  allowed: boolean;
  /** What PostgreSQL said: `yes`, or why not; of several statements what is not as it must be. */
  found: "yes" | "refused";
  isRight: boolean;
  /** A sentence about what is not right. */
  wrong?: string;
}

/** Tries each login against each database, from here and from where tenants are. Keeps nothing of what it does. */
export async function checkConnections(settings: Settings): Promise<Cell[]> {
  const databases = [
    ...ownDatabases.map(({ name }) => name),
    "postgres",
    "template1",
    ...(await aTenants(settings)),
  ];
  const cells: Cell[] = [];
  for (const login of lookedAt) {
    for (const database of databases) {
      const allowed = mayConnect(login, database);
      cells.push(await tryToConnect(settings, { login, database, what: nameOf(database), allowed }));
    }
    if (isOwnServer(settings, new URL(settings.platformDatabaseUrl))) {
      const [own] = databases.filter((database) => mayConnect(login, database));
      const from = { host: gatewayOf(settings.tenantSubnet), port: settings.postgresPort };
      const what = "from tenants";
      cells.push(
        await tryToConnect(settings, { login, database: own ?? "postgres", what, allowed: false, from }),
      );
    }
  }
  return cells;
}

/** Tries what each service's run-time login must be able to do in its own database, and what must be refused. */
export async function checkAbilities(settings: Settings): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const service of serviceNames) {
    const { login, database } = ownLogins[service];
    const client = await open(settings, login, database).catch((error) => {
      if (isRefusal(error)) return undefined;
      throw error;
    });
    try {
      for (const attempt of attemptsOf(service))
        cells.push(client ? await tryAll(client, login, attempt) : keptOut(login, attempt));
    } finally {
      await client?.end();
    }
  }
  return cells;
}

async function tryToConnect(
  settings: Settings,
  about: {
    login: Login;
    database: string;
    what: string;
    allowed: boolean;
    from?: { host: string; port: number };
  },
): Promise<Cell> {
  const { login, database, what, allowed, from } = about;
  const found = await open(settings, login, database, from).then(
    async (client) => {
      await client.end();
      return "yes" as const;
    },
    (error) => {
      // Only a refusal is one: what was not answered was not tried.
      if (isDatabaseAway(error) || !isRefusal(error)) throw error;
      return "refused" as const;
    },
  );
  const isRight = (found === "yes") === allowed;
  const where = from ? `"${database}" from the tenants' side` : `"${database}"`;
  const wrong = allowed
    ? `${login} must get into ${where}, and is refused.`
    : `${login} gets into ${where}, and must not.`;
  return { login, what, allowed, found, isRight, ...(isRight ? {} : { wrong }) };
}

/** Not allowed there; or not from there, or not at all. A wrong password is neither. */
function isRefusal(error: { code?: string }): boolean {
  return error.code === "42501" || error.code === "28000";
}

async function tryAll(
  client: pg.Client,
  login: Login,
  { what, statements, allowed }: Attempt,
): Promise<Cell> {
  const wrong: string[] = [];
  for (const statement of statements) {
    const refusal = await tryOne(client, statement, allowed);
    if ((refusal === undefined) === allowed) continue;
    wrong.push(
      allowed
        ? `${login} must be able to: ${statement}. PostgreSQL says: ${refusal}.`
        : `${login} must not be able to: ${statement}. It is.`,
    );
  }
  const isRight = wrong.length === 0;
  const found = isRight === allowed ? "yes" : "refused";
  return { login, what, allowed, found, isRight, ...(isRight ? {} : { wrong: wrong.join("\n") }) };
}

/** Of who does not even get in: nothing can be done, also what must be. */
function keptOut(login: Login, { what, allowed }: Attempt): Cell {
  const wrong = `${login} does not get into its own database, so nothing works there: "${what}".`;
  return { login, what, allowed, found: "refused", isRight: !allowed, ...(allowed ? { wrong } : {}) };
}

/** Why PostgreSQL refuses a statement; undefined when it does not. It is taken back either way. */
async function tryOne(client: pg.Client, statement: string, allowed: boolean): Promise<string | undefined> {
  await client.query("begin");
  try {
    await client.query(statement);
    return undefined;
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    // No right, or (for what is made) no schema in which it might be.
    if (code === "42501" || code === "3F000") return message;
    // It failed by something else, and was not refused.
    if (!allowed && !isDatabaseAway(error)) return undefined;
    throw new Error(`"${statement}" could not be tried: ${message}`, { cause: error });
  } finally {
    await client.query("rollback");
  }
}

async function open(
  settings: Settings,
  login: Login,
  database: string,
  from?: { host: string; port: number },
): Promise<pg.Client> {
  const url = from
    ? `postgres://${login}@${from.host}:${from.port}/${database}`
    : databaseUrl(settings.platformDatabaseUrl, login, database);
  const password = await readSecret(dataPaths(settings.dataDir).loginPassword(login));
  const client = new pg.Client({ ...connection({ url, password }, "berth db-test"), query_timeout: 10_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** A tenant's database stands for those of all. */
async function aTenants(settings: Settings): Promise<string[]> {
  if (settings.tenantsDatabaseUrl !== settings.platformDatabaseUrl) return [];
  const { rows } = await onServer(settings, new URL(settings.tenantsDatabaseUrl), (client) =>
    client.query<{ name: string }>(
      "select datname as name from pg_database where datname ~ '^ten_[a-z0-9]{16}_' order by 1 limit 1",
    ),
  );
  return rows.map(({ name }) => name);
}

function nameOf(database: string): string {
  return database.startsWith("ten_") ? "a tenant's" : database;
}
