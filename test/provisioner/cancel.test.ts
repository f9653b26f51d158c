import { afterAll, beforeAll, expect, test } from "vitest";
import { cancelOperation } from "../../control-plane/instance/cancel-operation.ts";
import { until } from "../../control-plane/until.ts";
import { asLogin, found, nothing, openRecord, provisioner, type TestRecord } from "./support.ts";

let running: Awaited<ReturnType<typeof provisioner>>;
let record: TestRecord;
beforeAll(async () => {
  running = await provisioner();
  record = await openRecord();
});
afterAll(async () => {
  await record?.close();
  await running?.stop();
});

const roleIsThere = (name: string) =>
  asLogin("provisioner", "postgres", (client) =>
    until(
      async () => ((await client.query("select from pg_roles where rolname = $1", [name])).rowCount ?? 0) > 0,
      {
        what: `role ${name}`,
        deadlineMs: 60_000,
        everyMs: 5,
      },
    ),
  );

test("a cancelled create takes back what it made", async () => {
  const tenant = await record.want("cancelled");
  await roleIsThere(tenant.role);
  await cancelOperation(record.ctx, { id: tenant.operation });
  expect(await record.ended(tenant.operation)).toMatchObject({ status: "cancelled" });
  expect(await found(tenant)).toEqual(nothing);
  const again = await record.want("cancelled", { tenantId: tenant.tenantId, revision: 2 });
  expect((await record.ended(again.operation)).status).toBe("succeeded");
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
});

test("a removal during a create wins", async () => {
  const tenant = await record.want("unwanted");
  await roleIsThere(tenant.role);
  const removal = await record.unwant(tenant.tenantId);
  expect((await record.ended(tenant.operation)).status).toBe("cancelled");
  expect((await record.ended(removal)).status).toBe("succeeded");
  expect(await found(tenant)).toEqual(nothing);
});
