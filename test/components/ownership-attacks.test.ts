import { describe, expect, test } from "vitest";
import type { OwnershipInputs } from "../../components/provider/ownership/inputs.ts";
import { verifyDatabase } from "../../components/provider/verify-database.ts";
import { withClones } from "./clones.ts";

const t = withClones();
const { cloned, create, read, update, parameters, connectAs } = t;

describe("what a tenant puts into its own database does not run as a superuser", () => {
  /** What the tenant does with its own credentials, so that whoever comes by makes it a superuser. */
  const attack = (inputs: OwnershipInputs, sql: string) => `
    CREATE SCHEMA evil;
    CREATE FUNCTION evil.rise() RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN IF current_setting('is_superuser') = 'on' THEN ALTER ROLE ${inputs.role} SUPERUSER; END IF; RETURN 1; END $$;
    CREATE FUNCTION evil.rise_by_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM evil.rise(); RETURN NEW; END $$;
    ${sql}`;
  const ways: Array<[way: string, sql: (inputs: OwnershipInputs) => string]> = [
    [
      "a view in a table's place",
      () => `ALTER TABLE ir_config_parameter RENAME TO hidden;
        CREATE VIEW ir_config_parameter AS SELECT id, key, value || left(evil.rise()::text, 0) AS value,
          create_uid, write_uid, create_date, write_date FROM hidden`,
    ],
    [
      "triggers",
      () => `CREATE TRIGGER t BEFORE INSERT OR UPDATE ON ir_config_parameter FOR EACH ROW EXECUTE FUNCTION evil.rise_by_trigger();
        ALTER TABLE ir_config_parameter ENABLE ALWAYS TRIGGER t;
        CREATE TRIGGER t BEFORE INSERT ON orm_signaling_stable FOR EACH ROW EXECUTE FUNCTION evil.rise_by_trigger()`,
    ],
    [
      "functions that stand before the system's",
      ({ database }) => `CREATE FUNCTION evil.pg_get_userbyid(oid) RETURNS name LANGUAGE plpgsql AS
          $$ BEGIN PERFORM evil.rise(); RETURN pg_catalog.pg_get_userbyid($1); END $$;
        CREATE TABLE evil.pg_class AS SELECT * FROM pg_catalog.pg_class LIMIT 0;
        ALTER DATABASE ${database} SET search_path = evil, pg_catalog, public`,
    ],
    [
      "an index whose condition calls a function",
      () => `CREATE FUNCTION evil.still() RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
          $$ BEGIN IF current_setting('is_superuser') = 'on' THEN PERFORM evil.rise(); END IF; RETURN true; END $$;
        CREATE INDEX ON ir_config_parameter (value) WHERE evil.still()`,
    ],
  ];

  test.each(ways)("%s", async (way, sql) => {
    const inputs = await cloned();
    const state = await create(inputs);
    const client = await connectAs(inputs);
    await client.query(attack(inputs, sql(inputs)));
    await client.end();
    const known = { ...inputs, identity: state.identity };
    const { refusal } = await verifyDatabase(t.postgres.as("postgres", "postgres"), {
      database: inputs.database,
      identity: state.identity,
    });
    const changed = { ...known, baseUrl: "http://changed.localhost" };
    if (way === "a view in a table's place") {
      expect(refusal).toMatch(/is not an Odoo database/);
      await expect(read(state)).rejects.toThrow();
      await expect(update(state, changed)).rejects.toThrow();
    } else {
      // Looked at and written into all the same.
      expect(refusal).toBeUndefined();
      expect(await read(state)).toMatchObject({ identity: state.identity });
      expect(await update(state, changed)).toMatchObject({ baseUrl: "http://changed.localhost" });
    }
    const [role] = await t.postgres.server.sql("SELECT rolsuper FROM pg_roles WHERE rolname = $1", [
      inputs.role,
    ]);
    expect(role).toEqual({ rolsuper: false });
  });

  test("nor does it fill our memory, or forge a row by a line break of another kind", async () => {
    const inputs = await cloned();
    const { identity } = await create(inputs);
    const verify = () =>
      verifyDatabase(t.postgres.as("postgres", "postgres"), { database: inputs.database, identity });
    const client = await connectAs(inputs);
    const forged =
      "INSERT INTO ir_config_parameter (key, value) VALUES ('x', E'x\\u2028database.uuid\\ty\\ndatabase.uuid\\tz')";
    await client.query(forged);
    expect(await verify()).toEqual({});
    await client.query("INSERT INTO ir_config_parameter (key, value) VALUES ('big', repeat('x', 100000000))");
    await client.end();
    expect((await verify()).refusal).toMatch(/far more system parameters than an Odoo has/);
  });

  test("while a base URL still changes in a database that is the tenant's", async () => {
    const inputs = await cloned();
    const state = await create(inputs);
    await update(state, { ...inputs, identity: state.identity, baseUrl: "http://changed.localhost" });
    expect((await parameters(inputs.database))["web.base.url"]).toBe("http://changed.localhost");
  });
});
