import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import type { OwnershipInputs, OwnershipState } from "../../components/provider/ownership/inputs.ts";
import { ownership } from "../../components/provider/ownership/resource.ts";
import type { Resource } from "../../components/provider/resource.ts";
import { plain } from "../../components/provider/values.ts";
import { makeTemplate, type Postgres, startPostgres } from "./servers.ts";

/** A PostgreSQL of the file's own with a template, clones of it, and what Ownership does with them. */
export function withClones() {
  // Both are there once the tests begin.
  const t = {} as { postgres: Postgres; resource: Resource<OwnershipInputs, OwnershipState> };
  beforeAll(async () => {
    t.postgres = await startPostgres();
    await makeTemplate(t.postgres, "template_odoo");
    t.resource = ownership(t.postgres.as("postgres", "postgres"));
  });
  afterAll(() => t.postgres.remove());

  /** Role and clone, as the postgresql provider leaves them. */
  const cloned = async (): Promise<OwnershipInputs> => {
    const name = `ten_${randomBytes(6).toString("hex")}_production`;
    const password = `password of ${name}`;
    await t.postgres.server.sql(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
    await t.postgres.server.sql(`CREATE DATABASE ${name} TEMPLATE template_odoo OWNER ${name}`);
    return {
      database: name,
      role: name,
      password,
      templateRole: "odoo_template_objects",
      baseUrl: "http://acme.localhost",
      admin: { login: "ann@example.com", passwordHash: "$pbkdf2-sha512$1$s$ann" },
      company: "Acme",
      country: "FR",
      lang: "fr_FR",
      open: true,
      identity: undefined,
    };
  };

  const create = async (inputs: OwnershipInputs) =>
    plain((await t.resource.create(inputs)).state) as OwnershipState;
  const read = async (state: OwnershipState) =>
    plain(await t.resource.read(state.database, state)) as OwnershipState | undefined;
  const update = async (state: OwnershipState, inputs: OwnershipInputs) =>
    plain(await t.resource.update(state.database, state, inputs)) as OwnershipState;
  const parameters = async (database: string) => {
    const rows = await t.postgres.server.sql<{ key: string; value: string }>(
      "SELECT key, value FROM ir_config_parameter",
      [],
      database,
    );
    return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  };
  const connectAs = async (inputs: OwnershipInputs, database = inputs.database) => {
    const { hostname: host, port } = new URL(t.postgres.as(inputs.role, database).url);
    const client = new pg.Client({
      host,
      port: Number(port),
      user: inputs.role,
      database,
      password: inputs.password,
    });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };

  return Object.assign(t, { cloned, create, read, update, parameters, connectAs });
}
