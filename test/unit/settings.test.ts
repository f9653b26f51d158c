import { expect, test } from "vitest";
import { parseSettings } from "../../control-plane/settings.ts";

test("a server's URL may hold no password, and is one", () => {
  const tenants = (url: string) => parseSettings({ BERTH_TENANTS_DATABASE_URL: url });
  expect(tenants("postgres://provisioner@db.example:5433/postgres").tenantsDatabaseUrl).toBe(
    "postgres://provisioner@db.example:5433/postgres",
  );
  expect(() => tenants("postgres://provisioner:hush@db.example/postgres")).toThrow(
    /BERTH_TENANTS_DATABASE_URL: holds a password(?!.*hush)/,
  );
  expect(() => tenants("postgres://db.example/postgres")).toThrow("names no user");
  expect(() => tenants("db.example:5432")).toThrow("BERTH_TENANTS_DATABASE_URL: must be postgres://");
});
