import { beforeEach, describe, expect, test } from "vitest";
import { Odoo, type OdooArgs } from "../../components/odoo/odoo.ts";
import { type Engine, isSecret, mockEngine, value } from "./mocks.ts";

const args: OdooArgs = {
  name: "berth-dev-ten_a-production",
  image: "berth/odoo:19",
  uid: 101,
  network: "berth-dev-tenants",
  address: "10.213.0.7",
  database: { host: "10.213.0.1", port: 5432, name: "ten_a_production", password: "a-password" },
  labels: { "berth.env": "dev", "berth.tenant": "ten_a" },
};

describe("Odoo", () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await mockEngine();
  });

  const container = async () => (await engine.child("docker:index/container:Container")).inputs;

  test("runs at its address, with no port published and nothing it may do beyond serving", async () => {
    new Odoo("production", args, engine.options);
    expect(await container()).toMatchObject({
      name: "berth-dev-ten_a-production",
      image: "berth/odoo:19",
      networksAdvanced: [{ name: "berth-dev-tenants", ipv4Address: "10.213.0.7" }],
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges"],
      privileged: false,
      publishAllPorts: false,
      restart: "always",
      destroyGraceSeconds: 10,
    });
    expect(await container()).not.toHaveProperty("ports");
  });

  test("has limits of memory and log, and by its fittings of processes and CPUs", async () => {
    new Odoo(
      "production",
      { ...args, memoryMb: 512, cpus: 0.5, pids: 99, logMaxMb: 5, logFiles: 2 },
      engine.options,
    );
    expect(await container()).toMatchObject({
      memory: 512,
      memorySwap: 512,
      logDriver: "json-file",
      logOpts: { "max-size": "5m", "max-file": "2" },
    });
    const { inputs } = await engine.child("berth:index:Fittings");
    expect(inputs).toMatchObject({ container: "production-container-id", pids: 99, cpus: 0.5 });
  });

  test("gets its password as a file, and neither by environment nor by arguments", async () => {
    new Odoo("production", args, engine.options);
    expect(JSON.stringify(await container())).not.toContain("a-password");
    expect((await container()).envs).toEqual(["BERTH_DB_PASSWORD_FILE=/run/berth/db-password"]);
    const { inputs, props } = await engine.child("berth:index:Fittings");
    expect(inputs.file).toEqual({ path: "/run/berth/db-password", content: "a-password", uid: 101 });
    expect(await isSecret((props.file as { content: unknown }).content)).toBe(true);
  });

  test("serves its own database only, behind a proxy", async () => {
    new Odoo("production", { ...args, dbMaxconn: 5 }, engine.options);
    expect((await container()).command).toEqual(
      expect.arrayContaining([
        "--database=ten_a_production",
        "--db-filter=^ten_a_production$",
        "--db_host=10.213.0.1",
        "--db_port=5432",
        "--db_user=ten_a_production",
        "--db_maxconn=5",
        "--no-database-list",
        "--proxy-mode",
      ]),
    );
  });

  test("keeps its files in a volume that is never replaced", async () => {
    const odoo = new Odoo("production", args, engine.options);
    const { inputs, options } = await engine.child("berth:index:Volume");
    expect(inputs).toEqual({ name: "berth-dev-ten_a-production-files", labels: args.labels });
    expect(options.deleteBeforeReplace).toBe(false);
    expect((await container()).volumes).toEqual([
      { volumeName: "berth-dev-ten_a-production-files", containerPath: "/var/lib/odoo" },
    ]);
    expect(await value(odoo.volume)).toBe("berth-dev-ten_a-production-files");
  });

  test("tells a route where it listens", async () => {
    expect(await value(new Odoo("production", args, engine.options).target)).toBe("http://10.213.0.7:8069");
  });
});
