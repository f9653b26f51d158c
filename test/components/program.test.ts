import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test, vi } from "vitest";
import { Route } from "../../components/route/route.ts";
import { parse, type TenantConfigInput, tenantOutputs } from "../../stacks/tenant/contract.ts";
import { program } from "../../stacks/tenant/program.ts";
import { mockEngine, value } from "./mocks.ts";
import { tenantConfig } from "./tenant-config.ts";

const run = async (config: TenantConfigInput) => {
  const outputs = await program(parse(config))();
  return tenantOutputs.parse(await value(pulumi.output(outputs)));
};

describe("the tenant program", () => {
  test("puts out what the contract says", async () => {
    await mockEngine();
    const { instances } = await run(tenantConfig());
    expect(instances.production).toEqual({
      url: "http://acme.localhost",
      hosts: ["acme.localhost"],
      address: "10.213.0.7",
      container: "berth-dev-ten_aaaaaaaaaaaaaaaa-production",
      volume: "berth-dev-ten_aaaaaaaaaaaaaaaa-production-files",
      database: "ten_aaaaaaaaaaaaaaaa_production",
      role: "ten_aaaaaaaaaaaaaaaa_production",
      identity: "uuid",
    });
  });

  test("asks for no identity before the first readiness", async () => {
    const engine = await mockEngine();
    await run(tenantConfig());
    expect(engine.invokes).toEqual([]);
  });

  test("has a known database verified before anything is registered", async () => {
    const identity = "5e0b5a0e-7f1b-4b53-9f6e-0d6f2f1f9d11";
    const engine = await mockEngine(() => ({ refusal: "The database is missing." }));
    const config = tenantConfig({
      database: { template: "odoo_19", password: "0123456789abcdef", identity },
    });
    await expect(run(config)).rejects.toThrow("The database is missing.");
    expect(engine.invokes).toEqual([
      {
        token: "berth:index:verifyDatabase",
        inputs: { database: "ten_aaaaaaaaaaaaaaaa_production", identity },
      },
    ]);
    expect(engine.types()).toEqual([]);
  });

  test("gives Odoo its password only when the database is the tenant's own, and starts it before", async () => {
    const adopted = Promise.withResolvers<void>();
    const engine = await mockEngine(undefined, (type) =>
      type === "berth:index:Ownership" ? adopted.promise : undefined,
    );
    const done = run(tenantConfig());
    await vi.waitFor(() => expect(engine.types()).toContain("docker:index/container:Container"));
    await vi.waitFor(() => expect(engine.types()).toContain("berth:index:Ownership"));
    expect(engine.types()).not.toContain("berth:index:Fittings");
    adopted.resolve();
    await done;
    await vi.waitFor(() => expect(engine.types()).toContain("berth:index:Fittings"));
  });

  test("has no container and no route while it is the database only", async () => {
    const engine = await mockEngine();
    await run(tenantConfig({ databaseOnly: true }));
    expect(engine.types()).toEqual([
      "berth:components:Database",
      "postgresql:index/role:Role",
      "postgresql:index/database:Database",
      "berth:index:Ownership",
    ]);
  });
});

describe("Route", () => {
  test("leads its hosts to the target, by the entry point web unless told otherwise", async () => {
    const engine = await mockEngine();
    const args = {
      tenant: "ten_a",
      instance: "production",
      hosts: ["acme.localhost"],
      target: "http://10.0.0.1:8069",
    };
    new Route("production", args, engine.options);
    const { name, inputs } = await engine.child("berth:index:Route");
    expect(name).toBe("production-record");
    expect(inputs).toEqual({ ...args, entryPoint: "web" });
  });
});
