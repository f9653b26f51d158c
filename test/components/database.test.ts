import { beforeEach, describe, expect, test } from "vitest";
import { Database, type DatabaseArgs } from "../../components/database/database.ts";
import { type Engine, isSecret, mockEngine, value } from "./mocks.ts";

const args: DatabaseArgs = {
  name: "ten_a_production",
  password: "a-password",
  template: "odoo_19",
  baseUrl: "http://acme.localhost",
  admin: { login: "ann@example.com", passwordHash: "$pbkdf2-sha512$1$s$h" },
  company: "Acme",
};

describe("Database", () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await mockEngine();
  });

  test("makes a role that may log in and nothing else", async () => {
    new Database("production", args, engine.options);
    const { name, inputs, props, options } = await engine.child("postgresql:index/role:Role");
    expect(name).toBe("production-role");
    expect(inputs).toMatchObject({
      name: "ten_a_production",
      login: true,
      superuser: false,
      createDatabase: false,
      createRole: false,
      replication: false,
      bypassRowLevelSecurity: false,
      roles: [],
    });
    // What is written into a statement is seen, and logged by some servers; the ownership sets the password.
    expect(props.password).toBeUndefined();
    expect(options.ignoreChanges).toEqual(["password"]);
  });

  test("clones the template for that role, and is never replaced for it", async () => {
    new Database("production", args, engine.options);
    const { name, inputs, options } = await engine.child("postgresql:index/database:Database");
    expect(name).toBe("production-database");
    expect(inputs).toMatchObject({
      name: "ten_a_production",
      owner: "ten_a_production",
      template: "odoo_19",
    });
    expect(options.ignoreChanges).toEqual(
      expect.arrayContaining(["template", "encoding", "lcCollate", "lcCtype"]),
    );
    expect(options.deleteBeforeReplace).toBe(false);
  });

  test("has the clone made the tenant's own", async () => {
    new Database("production", { ...args, lang: "fr_FR", country: "FR", identity: "known" }, engine.options);
    const { name, inputs, props } = await engine.child("berth:index:Ownership");
    expect(name).toBe("production-ownership");
    expect(inputs).toMatchObject({
      database: "ten_a_production",
      role: "ten_a_production",
      templateRole: "odoo_template_objects",
      baseUrl: "http://acme.localhost",
      company: "Acme",
      lang: "fr_FR",
      country: "FR",
      open: true,
      identity: "known",
    });
    expect(await isSecret(props.password)).toBe(true);
    expect(await isSecret((props.admin as { passwordHash: unknown }).passwordHash)).toBe(true);
  });

  test("tells names and identity, and no secret", async () => {
    const database = new Database("production", args, engine.options);
    expect(await value(database.role)).toBe("ten_a_production");
    expect(await value(database.identity)).toBe("uuid");
    expect(await isSecret(database.role)).toBe(false);
    expect(await isSecret(database.identity)).toBe(false);
  });

  test("gives its password, a secret, to who waits for the clone", async () => {
    const database = new Database("production", args, engine.options);
    expect(await isSecret(database.password)).toBe(true);
    expect(await value(database.password)).toBe("a-password");
  });

  test("speaks English and may be opened unless told otherwise", async () => {
    new Database("production", args, engine.options);
    expect((await engine.child("berth:index:Ownership")).inputs).toMatchObject({ lang: "en_US", open: true });
  });
});
