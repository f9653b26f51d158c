import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../control-plane/until.ts";
import {
  asLogin,
  found,
  keptLog,
  nothing,
  openRecord,
  provisioner,
  run,
  settings,
  type TestRecord,
} from "./support.ts";

const { log, text: logged } = keptLog();
let record: TestRecord;
let running: Awaited<ReturnType<typeof provisioner>>;
beforeAll(async () => {
  record = await openRecord();
  running = await provisioner({}, { log });
});
afterAll(async () => {
  await record?.close();
  await running?.stop();
});

test("modules, a language and demo data are loaded before anybody is led to the tenant", async () => {
  const tenant = await record.want("chez-nous", {
    odoo: { modules: ["contacts"], lang: "fr_FR", demo: true },
  });
  expect(await record.ended(tenant.operation, 250_000)).toMatchObject({ status: "succeeded" });
  const names = (await record.steps(tenant.operation)).map(({ name }) => name);
  const load = names.findIndex((name) => name.startsWith("load modules"));
  expect(load).toBeGreaterThan(names.indexOf("database"));
  expect(load).toBeLessThan(names.indexOf("container"));
  const { rows } = await asLogin("provisioner", tenant.database, (client) =>
    client.query<{ module: string; demo: boolean; lang: string }>(
      `select (select state from ir_module_module where name = 'contacts') as module,
         (select demo from ir_module_module where name = 'base') as demo,
         (select string_agg(code, ',') from res_lang where active) as lang`,
    ),
  );
  expect(rows[0]).toEqual({ module: "installed", demo: true, lang: "fr_FR" });
  const page = await run("curl", [
    "-s",
    "-H",
    "Host: chez-nous.localhost",
    `http://127.0.0.1:${settings.httpPort}/web/login`,
  ]);
  expect(page).toMatch(/Mot de passe/);
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
});

test("a module that cannot be loaded fails the create with a sentence, and everything is taken back", async () => {
  const tenant = await record.want("no-such", { odoo: { modules: ["no_such_module"] } });
  const ended = await record.ended(tenant.operation, 250_000);
  expect(ended).toMatchObject({ status: "failed", error: { code: "modules_failed" } });
  const left = await run("docker", ["ps", "-a", "-q", "--filter", `label=berth.tenant=${tenant.tenantId}`]);
  expect(left.trim()).toBe("");
  expect(await found(tenant)).toEqual(nothing);
});

test("PostgreSQL restarted while modules are loaded: they are loaded once more, and the tenant comes up", async () => {
  const tenant = await record.want("interrupted", { odoo: { modules: ["contacts"] } });
  await asLogin("provisioner", "postgres", (client) =>
    until(
      async () => {
        const sessions =
          "select from pg_stat_activity where usename = $1 and query ilike '%ir_module_module%'";
        return ((await client.query(sessions, [tenant.role])).rowCount ?? 0) > 0;
      },
      { what: "Odoo to load its modules", deadlineMs: 60_000, everyMs: 20 },
    ),
  );
  await run("docker", ["restart", "-t", "0", `berth-${settings.env}-postgres`]);
  const ended = await record.ended(tenant.operation, 250_000);
  expect(ended, `${JSON.stringify(ended)}\n${logged()}`).toMatchObject({ status: "succeeded" });
  const { rows } = await asLogin("provisioner", tenant.database, (client) =>
    client.query("select state from ir_module_module where name = 'contacts'"),
  );
  expect(rows).toEqual([{ state: "installed" }]);
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
});

test("loading that takes too long is ended and says so", async () => {
  await running.stop();
  running = await provisioner({ oneOffMs: 3_000 });
  const tenant = await record.want("slow", { odoo: { modules: ["contacts"] } });
  const ended = await record.ended(tenant.operation, 250_000);
  expect(ended).toMatchObject({ status: "failed", error: { code: "modules_timeout" } });
  expect(ended.error?.message).toMatch(/took longer than 3 s/);
  expect(await found(tenant)).toEqual(nothing);
});
