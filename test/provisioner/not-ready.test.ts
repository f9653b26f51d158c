import { afterAll, beforeAll, expect, test } from "vitest";
import { found, nothing, openRecord, provisioner, type TestRecord } from "./support.ts";

let running: Awaited<ReturnType<typeof provisioner>>;
let record: TestRecord;
beforeAll(async () => {
  running = await provisioner({ readyMs: 1 });
  record = await openRecord();
});
afterAll(async () => {
  await record?.close();
  await running?.stop();
});

test("a tenant that is not ready in time fails with what is missing, and is taken back", async () => {
  const tenant = await record.want("too-slow");
  const ended = await record.ended(tenant.operation);
  expect(ended).toMatchObject({ status: "failed", error: { code: "not_ready" } });
  expect(ended.error?.message).toMatch(/^Odoo did not become ready within 0 s: [^\n]+\.$/);
  const steps = await record.steps(tenant.operation);
  expect(steps.find(({ name }) => name === "wait for the login page")?.status).toBe("failed");
  expect(await found(tenant)).toEqual(nothing);
});
