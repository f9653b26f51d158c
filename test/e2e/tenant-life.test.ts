import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { ApiError } from "../../control-plane/cli/api.ts";
import { odooLogin } from "../../control-plane/cli/odoo-login.ts";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { projectRoot } from "../../control-plane/paths.ts";
import { until } from "../../control-plane/until.ts";
import { everything, openWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});

test("a tenant comes up by one request, lets its admin in, and goes without a trace", async () => {
  const before = await everything(world);
  const made = await world.create({ slug: "life", name: "Life Ltd" });
  expect(made.operation.steps.every((step) => step.status === "succeeded")).toBe(true);
  expect(made.admin.password?.length).toBeGreaterThanOrEqual(20);
  // What is looked for after its removal is seen while it lives.
  const added = (await everything(world)).filter((one) => !before.includes(one));
  for (const kind of ["container", "volume", "database", "role", "key", "host", "address", "stack"])
    expect(added.map((one) => one.split(" ")[0])).toContain(kind);
  const uid = await odooLogin(world.settings.httpPort, made.host, {
    database: made.database,
    login: made.admin.email,
    password: made.admin.password ?? "",
  });
  expect(uid).toBeGreaterThan(0);
  await expect(
    odooLogin(world.settings.httpPort, made.host, {
      database: made.database,
      login: made.admin.email,
      password: "not the password",
    }),
  ).rejects.toThrow(/refused/);
  const shown = await world.api<{ tenant: { status: string } }>("GET", "/tenant/v1/tenants/life");
  expect(shown.tenant.status).toBe("ready");

  expect(await world.cli("life", "true")).toMatchObject({ code: 0 });
  const file = join(projectRoot, `Pulumi.${made.tenant.id}.yaml`);
  expect(existsSync(file)).toBe(true);

  expect((await world.remove("life")).status).toBe("succeeded");
  expect(await everything(world)).toEqual(before);
  expect(existsSync(file)).toBe(false);
  await expect(world.api("GET", "/tenant/v1/tenants/life")).rejects.toMatchObject({ status: 404 });
  await expect(world.api("DELETE", "/tenant/v1/tenants/life")).rejects.toMatchObject({ status: 404 });
  const kept = await world.sql("instance", "SELECT FROM stack_history WHERE tenant_id = $1", [
    made.tenant.id,
  ]);
  expect(kept.length).toBeGreaterThan(0);
});

test("a slug is free again after its tenant is gone", async () => {
  const first = await world.create({ slug: "again" });
  await world.remove("again");
  const second = await world.create({ slug: "again" });
  expect(second.tenant.id).not.toBe(first.tenant.id);
  expect((await throughTraefik(world.settings.httpPort, second.host, "/web/login")).status).toBe(200);
  await world.remove("again");
});

test("a delete during a create wins and leaves nothing", async () => {
  const before = await everything(world);
  const { operation: create } = await world.api<{ operation: { id: string } }>("POST", "/tenant/v1/tenants", {
    slug: "short-lived",
    name: "Short",
    admin: { email: "a@short.example" },
  });
  const { operation } = await world.api<{ operation: { id: string } }>(
    "DELETE",
    "/tenant/v1/tenants/short-lived",
  );
  const again = await world
    .api<{ operation: { id: string } }>("DELETE", "/tenant/v1/tenants/short-lived")
    .catch((error) => {
      // It may be done by now.
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    });
  if (again) expect(again.operation.id).toBe(operation.id);
  expect((await world.ended(operation.id)).status).toBe("succeeded");
  expect(["cancelled", "failed"]).toContain((await world.ended(create.id)).status);
  expect(await everything(world)).toEqual(before);
});

test("a delete works while somebody has a session open on the database", async () => {
  const made = await world.create({ slug: "held" });
  const session = world.sql(made.database, "SELECT pg_sleep(600)");
  const ends = expect(session).rejects.toThrow(/terminating connection/);
  await until(
    () =>
      world
        .sql("postgres", "SELECT FROM pg_stat_activity WHERE datname = $1 AND query ~ 'pg_sleep'", [
          made.database,
        ])
        .then((rows) => rows.length === 1),
    { what: "the session", deadlineMs: 10_000, everyMs: 20 },
  );
  expect((await world.remove("held")).status).toBe("succeeded");
  await ends;
});
