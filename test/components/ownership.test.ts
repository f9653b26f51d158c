import { beforeEach, describe, expect, test } from "vitest";
import type { OwnershipInputs, OwnershipState } from "../../components/provider/ownership/inputs.ts";
import { verifyDatabase } from "../../components/provider/verify-database.ts";
import { withClones } from "./clones.ts";

const t = withClones();
const { cloned, create, read, update, parameters, connectAs } = t;

describe("a clone that is made a tenant's own", () => {
  test("belongs to the tenant's role, which alone may connect and may write", async () => {
    const inputs = await cloned();
    const state = await create(inputs);
    expect(state).toMatchObject({ foreignObjects: 0, otherLogins: [], connectable: true, open: true });
    const client = await connectAs(inputs);
    await client.query("INSERT INTO res_partner (name) VALUES ('mine')");
    await client.query("ALTER TABLE res_partner ADD COLUMN nickname text");
    await client.query("CREATE TABLE mine ()");
    await client.end();
    const other = await cloned();
    await create(other);
    await expect(connectAs(other, inputs.database)).rejects.toThrow("permission denied");
  });

  test("has secrets, people and places of its own, and files outside the database", async () => {
    const inputs = await cloned();
    const state = await create(inputs);
    const its = await parameters(inputs.database);
    expect(its["database.uuid"]).toBe(state.identity);
    expect(its["database.secret"]).not.toContain("template");
    expect(its["web.base.url"]).toBe("http://acme.localhost");
    expect(its["web.base.url.freeze"]).toBe("True");
    expect(its["berth.adopted"]).toBe(inputs.role);
    expect(its).not.toHaveProperty("ir_attachment.location");
    const [row] = await t.postgres.server.sql(
      `SELECT u.login, u.password, c.name AS company, p.complete_name, p.email, n.code AS country, m.name AS currency, m.active
       FROM res_users u, res_company c JOIN res_partner p ON p.id = c.partner_id
       JOIN res_country n ON n.id = p.country_id JOIN res_currency m ON m.id = c.currency_id WHERE u.id = 2`,
      [],
      inputs.database,
    );
    expect(row).toEqual({
      login: "ann@example.com",
      password: "$pbkdf2-sha512$1$s$ann",
      company: "Acme",
      complete_name: "Acme",
      email: "ann@example.com",
      country: "FR",
      currency: "EUR",
      active: true,
    });
  });

  test("speaks its language only", async () => {
    const inputs = await cloned();
    await create(inputs);
    const sql = (text: string) => t.postgres.server.sql(text, [], inputs.database);
    expect(await sql("SELECT code FROM res_lang WHERE active")).toEqual([{ code: "fr_FR" }]);
    expect(await sql("SELECT DISTINCT lang FROM res_partner")).toEqual([{ lang: "fr_FR" }]);
    expect(await sql("SELECT json_value FROM ir_default")).toEqual([{ json_value: '"fr_FR"' }]);
  });

  test("shares nothing with another", async () => {
    const [a, b] = [await cloned(), await cloned()];
    await create(a);
    await create({ ...b, baseUrl: "http://other.localhost" });
    const [its, others] = [await parameters(a.database), await parameters(b.database)];
    for (const key of ["database.secret", "database.uuid", "web.base.url"])
      expect(its[key]).not.toBe(others[key]);
  });

  test("keeps its secrets and its data when a killed run is repeated", async () => {
    const inputs = await cloned();
    const first = await create(inputs);
    const before = await parameters(inputs.database);
    await t.postgres.server.sql(
      "UPDATE res_users SET login = 'changed by the tenant' WHERE id = 2",
      [],
      inputs.database,
    );
    expect((await create(inputs)).identity).toBe(first.identity);
    expect((await parameters(inputs.database))["database.secret"]).toBe(before["database.secret"]);
    const [admin] = await t.postgres.server.sql(
      "SELECT login FROM res_users WHERE id = 2",
      [],
      inputs.database,
    );
    expect(admin).toEqual({ login: "changed by the tenant" });
  });

  test("keeps its people and secrets when somebody removed its marks after it was once ready", async () => {
    const inputs = await cloned();
    const first = await create(inputs);
    const before = await parameters(inputs.database);
    await t.postgres.server.sql(
      "DELETE FROM ir_config_parameter WHERE key LIKE 'berth.%'",
      [],
      inputs.database,
    );
    const changes =
      "UPDATE res_users SET login = 'changed' WHERE id = 2; UPDATE res_lang SET active = true; UPDATE res_partner SET lang = 'de_DE'";
    await t.postgres.server.sql(changes, [], inputs.database);
    const mended = await update(first, { ...inputs, identity: first.identity });
    expect(mended).toMatchObject({ identity: first.identity, open: true });
    expect((await parameters(inputs.database))["database.secret"]).toBe(before["database.secret"]);
    const [admin] = await t.postgres.server.sql(
      "SELECT login FROM res_users WHERE id = 2",
      [],
      inputs.database,
    );
    expect(admin).toEqual({ login: "changed" });
    const langs = await t.postgres.server.sql(
      "SELECT (SELECT count(*)::int FROM res_lang WHERE active) AS active, count(*)::int AS partners FROM res_partner WHERE lang = 'de_DE'",
      [],
      inputs.database,
    );
    expect(langs).toEqual([{ active: 3, partners: 3 }]);
  });

  test("is all there or not at all", async () => {
    const inputs = await cloned();
    await expect(create({ ...inputs, country: "XX" })).rejects.toThrow("no country XX");
    expect(await parameters(inputs.database)).not.toHaveProperty("berth.adopted");
    expect((await create(inputs)).open).toBe(true);
  });
});

describe("the login that looks", () => {
  beforeEach(async () => {
    const { sql } = t.postgres.server;
    if ((await sql("SELECT FROM pg_roles WHERE rolname = 'pgadmin'")).length === 0)
      await sql("CREATE ROLE pgadmin LOGIN PASSWORD 'looks'");
  });

  test("may connect to a clone once it is a tenant's, which is no drift; more than that is", async () => {
    const inputs = await cloned();
    const state = await create(inputs);
    expect(state.otherLogins).toEqual([]);
    const may = async (right: string) =>
      (
        await t.postgres.server.sql<{ may: boolean }>(
          "SELECT has_database_privilege('pgadmin', $1, $2) AS may",
          [inputs.database, right],
        )
      )[0]?.may;
    expect(await may("CONNECT")).toBe(true);
    expect(await may("CREATE")).toBe(false);
    await t.postgres.server.sql(`GRANT CREATE ON DATABASE ${inputs.database} TO pgadmin`);
    const seen = (await read(state)) as OwnershipState;
    expect(seen.otherLogins).toEqual(["pgadmin"]);
    expect((await update(seen, inputs)).otherLogins).toEqual([]);
    expect([await may("CREATE"), await may("CONNECT")]).toEqual([false, true]);
  });
});

describe("a language that is not loaded", () => {
  test("is refused with a sentence where Odoo is to start", async () => {
    const inputs = await cloned();
    await expect(create({ ...inputs, lang: "de_DE" })).rejects.toThrow("Language de_DE is not loaded");
  });

  test("waits for the one-off that loads it", async () => {
    const inputs = { ...(await cloned()), lang: "de_DE" };
    const closed = await create({ ...inputs, open: false });
    expect(closed).toMatchObject({ lang: "", open: false });
    expect(await parameters(inputs.database)).not.toHaveProperty("berth.adopted");
    expect(t.resource.diff(closed, { ...inputs, open: false }).changes).toBe(false);
    expect(t.resource.diff(closed, inputs).changes).toBe(true);
    await t.postgres.server.sql(
      "UPDATE res_lang SET active = true WHERE code = 'de_DE'",
      [],
      inputs.database,
    );
    expect(await update(closed, inputs)).toMatchObject({ lang: "de_DE", open: true });
  });
});

describe("drift", () => {
  const drifts: Array<[string, (name: string) => [sql: string, database?: string]]> = [
    ["an object of another owner", (name) => ["ALTER TABLE res_partner OWNER TO postgres", name]],
    ["a function of another owner", (name) => ["ALTER FUNCTION one() OWNER TO postgres", name]],
    ["a way in for everybody", (name) => [`GRANT CONNECT ON DATABASE ${name} TO PUBLIC`]],
    [
      "a changed base URL",
      (name) => ["UPDATE ir_config_parameter SET value = 'x' WHERE key = 'web.base.url'", name],
    ],
    ["a closed database", (name) => [`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`]],
    ["another password", (name) => [`ALTER ROLE ${name} PASSWORD 'other'`]],
    ["a lost mark", (name) => ["DELETE FROM ir_config_parameter WHERE key = 'berth.adopted'", name]],
  ];
  test.each(drifts)("%s is seen and mended", async (_what, by) => {
    const inputs = await cloned();
    const state = await create(inputs);
    expect(await read(state)).toEqual(state);
    expect(t.resource.diff(state, inputs).changes).toBe(false);
    const [sql, database] = by(inputs.database);
    await t.postgres.server.sql(sql, [], database);
    const drifted = await read(state);
    expect(drifted).not.toEqual(state);
    expect(t.resource.diff(drifted ?? state, inputs).changes).toBe(true);
    const mended = await update(drifted ?? state, inputs);
    expect(t.resource.diff(mended, inputs).changes).toBe(false);
    const client = await connectAs(inputs);
    await client.query("INSERT INTO res_partner (name) VALUES ('writes again')");
    await client.end();
  });

  test("of what belongs to the tenant is none", async () => {
    const inputs = await cloned();
    const state = await create(inputs);
    await t.postgres.server.sql(
      "UPDATE res_users SET login = 'x', password = 'y' WHERE id = 2; UPDATE res_company SET name = 'z'; UPDATE res_lang SET active = true",
      [],
      inputs.database,
    );
    expect(await read(state)).toEqual(state);
    expect(t.resource.diff(state, { ...inputs, company: "Other", lang: "en_US" }).changes).toBe(false);
  });

  test("is total when the database is gone", async () => {
    const inputs = await cloned();
    const state = await create(inputs);
    await t.postgres.server.sql(`DROP DATABASE ${inputs.database}`);
    expect(await read(state)).toBeUndefined();
  });
});

describe("the end of an ownership", () => {
  let inputs: OwnershipInputs;
  let state: OwnershipState;
  beforeEach(async () => {
    inputs = await cloned();
    state = await create(inputs);
  });

  test("ends open sessions, so that a plain DROP DATABASE works", async () => {
    const session = await connectAs(inputs);
    await session.query("BEGIN; LOCK TABLE res_partner");
    await t.resource.remove(inputs.database, state);
    await t.postgres.server.sql(`DROP DATABASE ${inputs.database}`);
    await session.end().catch(() => undefined);
  });

  test("may be repeated, and taken back", async () => {
    await t.resource.remove(inputs.database, state);
    await t.resource.remove(inputs.database, state);
    expect((await create(inputs)).connectable).toBe(true);
    await t.resource.remove(inputs.database, state);
    await t.postgres.server.sql(`DROP DATABASE ${inputs.database}`);
    await t.resource.remove(inputs.database, state);
  });
});

describe("the end of a tenant whose database was lost", () => {
  test("leaves something that a plain DROP DATABASE and DROP ROLE find, as the postgresql plugin runs them", async () => {
    const inputs = await cloned();
    const state = await create(inputs);
    await t.postgres.server.sql(`DROP DATABASE ${inputs.database}`);
    await t.postgres.server.sql(`DROP ROLE ${inputs.role}`);
    await t.resource.remove(inputs.database, state);
    await t.postgres.server.sql(`DROP DATABASE ${inputs.database}`);
    await t.postgres.server.sql(`DROP ROLE ${inputs.role}`);
  });
});

describe("a database that was once ready", () => {
  const verify = async (database: string, identity: string) =>
    (await verifyDatabase(t.postgres.as("postgres", "postgres"), { database, identity })).refusal;

  test("is recognised", async () => {
    const { database, identity } = await create(await cloned());
    expect(await verify(database, identity)).toBeUndefined();
  });

  test("is missed, and told from another's", async () => {
    const inputs = await cloned();
    const { identity } = await create(await cloned());
    expect(await verify("ten_gone_production", identity)).toMatch(
      /is missing at 127\.0\.0\.1.*Nothing was changed/,
    );
    expect(await verify(inputs.database, identity)).toMatch(/not this tenant's/);
    expect(await verify("postgres", identity)).toMatch(/not an Odoo database/);
    await expect(create({ ...inputs, identity })).rejects.toThrow("not this tenant's");
    expect((await parameters(inputs.database))["berth.owner"]).toBeUndefined();
  });
});

test("a server that is away is told by name", async () => {
  await t.postgres.server.stop();
  try {
    await expect(create({ ...(await stub()) })).rejects.toThrow(
      /PostgreSQL refused the connection \(127\.0\.0\.1:/,
    );
  } finally {
    await t.postgres.server.start();
  }
});

const stub = async (): Promise<OwnershipInputs> => ({
  database: "ten_x_production",
  role: "ten_x_production",
  password: "x",
  templateRole: "odoo_template_objects",
  baseUrl: "http://x.localhost",
  admin: { login: "x", passwordHash: "x" },
  company: "x",
  country: undefined,
  lang: "en_US",
  open: true,
  identity: undefined,
});
