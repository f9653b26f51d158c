import type pg from "pg";
import { Failure } from "../failure.ts";
import { closedDatabase, noSuchDatabase, quote, type Server, sqlState, withClient } from "../postgres.ts";
import type { Resource } from "../resource.ts";
import { verifies } from "../scram.ts";
import { secret } from "../values.ts";
import { closeDatabase } from "./close.ts";
import type { OwnershipInputs, OwnershipState } from "./inputs.ts";
import { countForeignObjects, readAccess, readMarks } from "./observe.ts";
import { own } from "./own.ts";

/**
 * A clone of the template made one tenant's own: objects, secrets, people, base URL, and nobody else's way in.
 * Deleting it ends every session, so that the database can be dropped next.
 */
export function ownership(server: Server): Resource<OwnershipInputs, OwnershipState> {
  return {
    async check(inputs) {
      const valid = /^https?:\/\/[^/]+$/.test(inputs.baseUrl);
      return valid ? [] : [{ property: "baseUrl", reason: `"${inputs.baseUrl}" is not http(s)://<host>.` }];
    },

    diff(state, inputs) {
      const replaces = (["database", "role"] as const).filter((name) => state[name] !== inputs[name]);
      const whole =
        state.connectable &&
        state.foreignObjects === 0 &&
        state.otherLogins.length === 0 &&
        state.baseUrl === inputs.baseUrl &&
        verifies(inputs.password, state.verifier);
      const finished = !inputs.open || (state.open && state.lang !== "");
      return { changes: replaces.length > 0 || !whole || !finished, replaces };
    },

    async create(inputs) {
      return { id: inputs.database, state: await apply(inputs) };
    },

    async read(_id, state) {
      const { database, role } = state;
      try {
        return await withClient(server, database, (client) => observe(client, database, role));
      } catch (error) {
        if (sqlState(error) === noSuchDatabase) return undefined;
        if (sqlState(error) !== closedDatabase) throw error;
        return { ...state, connectable: false, verifier: secret(state.verifier) as string };
      }
    },

    update: (_id, _state, inputs) => apply(inputs),

    async remove(_id, { database, role }) {
      await withClient(server, undefined, async (client) => {
        await standIn(client, database, role);
        await closeDatabase(client, database);
      });
    },
  };

  async function apply(inputs: OwnershipInputs): Promise<OwnershipState> {
    const { database, role } = inputs;
    const login = { user: role, password: inputs.password };
    const make = () =>
      withClient(server, database, async (client) => {
        await own(client, inputs, (work) => withClient(server, database, work, login));
        return observe(client, database, role);
      });
    try {
      return await make();
    } catch (error) {
      if (sqlState(error) !== closedDatabase) throw error;
      await openConnections(server, database);
      return make();
    }
  }
}

async function observe(client: pg.Client, database: string, role: string): Promise<OwnershipState> {
  const { baseUrl, lang, open, identity } = await readMarks(client);
  const foreignObjects = await countForeignObjects(client, role);
  const access = await readAccess(client, database, role);
  if (access === undefined) throw new Failure(`Database ${database} went away while it was looked at.`);
  const { connectable, otherLogins } = access;
  // The wire takes the mark for the string it stands for.
  const verifier = secret(access.verifier) as string;
  return {
    database,
    role,
    baseUrl,
    lang,
    open,
    identity,
    connectable,
    foreignObjects,
    otherLogins,
    verifier,
  };
}

// The postgresql plugin cannot drop what is not there: a tenant whose database was lost could not be destroyed.
async function standIn(client: pg.Client, database: string, role: string): Promise<void> {
  const found = await client.query<{ database: boolean; role: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS database,
       EXISTS (SELECT FROM pg_roles WHERE rolname = $2) AS role`,
    [database, role],
  );
  const [there] = found.rows;
  if (!there?.role) await client.query(`CREATE ROLE ${quote(role)} NOLOGIN`);
  if (!there?.database) await client.query(`CREATE DATABASE ${quote(database)} TEMPLATE template0`);
}

// After a destroy that was broken off, or a hand's ALTER DATABASE, a superuser is kept out as well.
async function openConnections(server: Server, database: string): Promise<void> {
  await withClient(server, undefined, (client) =>
    client.query(`ALTER DATABASE ${quote(database)} WITH ALLOW_CONNECTIONS true`),
  );
}
