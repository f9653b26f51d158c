import { afterAll, beforeAll, expect, test } from "vitest";
import { restartInstance } from "../../control-plane/instance/restart-instance.ts";
import { until } from "../../control-plane/until.ts";
import { type SeverableEngine, severableEngine } from "../support/severable-engine.ts";
import { asLogin, everything, found, openRecord, provisioner, run, type TestRecord } from "./support.ts";

let engine: SeverableEngine;
let record: TestRecord;
let running: Awaited<ReturnType<typeof provisioner>>;
beforeAll(async () => {
  engine = await severableEngine();
  record = await openRecord();
  running = await provisioner({ outsideMs: 8_000 }, { dockerHost: engine.host });
});
afterAll(async () => {
  await running?.stop();
  await record?.close();
  await engine?.close();
});

test("a restart waits for an engine that is away, and says so when it stays away", async () => {
  const tenant = await record.want("restarted");
  expect((await record.ended(tenant.operation)).status).toBe("succeeded");
  const restart = () => restartInstance(record.ctx, { tenant: tenant.tenantId, instance: "production" });
  const started = () => run("docker", ["inspect", "-f", "{{.State.StartedAt}}", tenant.container]);
  const before = await started();

  await engine.cut();
  const waiting = await restart();
  await record.stepBegun(waiting, /wait for the Docker engine/);
  await engine.mend();
  expect(await record.ended(waiting)).toMatchObject({ status: "succeeded" });
  expect(await started()).not.toBe(before);

  await engine.cut();
  const ended = await record.ended(await restart());
  await engine.mend();
  expect(ended).toMatchObject({ status: "failed", error: { code: "outside_unavailable" } });
  expect(ended.error?.message).toMatch(/The Docker engine did not answer for 8 s/);
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
});

test("modules are loaded once more when the engine went away in the middle", async () => {
  const tenant = await record.want("loaded", { odoo: { modules: ["contacts"] } });
  const setup = ["ps", "-q", "--filter", `name=${tenant.container}-setup`];
  await until(async () => (await run("docker", setup)) !== "", {
    what: "Odoo to load its modules",
    deadlineMs: 60_000,
    everyMs: 100,
  });
  await engine.cut();
  await record.stepBegun(tenant.operation, /wait for the Docker engine/);
  await engine.mend();
  expect(await record.ended(tenant.operation, 250_000)).toMatchObject({ status: "succeeded", attempt: 1 });
  expect(await found(tenant)).toEqual(everything);
  const { rows } = await asLogin("provisioner", tenant.database, (client) =>
    client.query("select state from ir_module_module where name = 'contacts'"),
  );
  expect(rows).toEqual([{ state: "installed" }]);
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
});
