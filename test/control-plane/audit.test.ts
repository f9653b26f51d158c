import { describe, expect, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { putTemplate } from "../../control-plane/instance/put-template.ts";
import { addToReserve } from "../../control-plane/instance/reserve.ts";
import { catalogue, freshSlug, newTenantBody, withServices } from "./support.ts";
import { createTenant, readyTenant, untilStatus, work } from "./worker.ts";

const t = withServices();

type Row = Record<string, unknown> & { action: string };

describe("the audit", () => {
  test("follows one request through both services", async () => {
    const response = await t.call("POST", "/tenant/v1/tenants", newTenantBody(freshSlug()), {
      "x-request-id": "followed-request",
    });
    const { tenant } = (await response.json()) as { tenant: { id: string; slug: string } };
    await untilStatus(t, tenant.slug, "creating");
    await work(t, tenant.id);
    await untilStatus(t, tenant.slug, "ready");
    for (const [service, actions] of [
      ["tenant", ["tenant.create", "tenant.status", "tenant.status"]],
      ["instance", ["stack.create", "operation.succeeded"]],
    ] as const) {
      const rows = await t.rows<Row>(
        service,
        "select * from audit where request_id = 'followed-request' order by id",
      );
      expect(rows.map((row) => row.action)).toEqual(actions);
      expect(rows.map((row) => row.tenant_id)).toEqual(actions.map(() => tenant.id));
    }
  });

  test("tells what was there before and what is there after", async () => {
    const { tenant } = await readyTenant(t);
    await t.expect(200, "PATCH", `/tenant/v1/tenants/${tenant.slug}`, { name: "New name" });
    const [change] = await t.rows(
      "tenant",
      "select * from audit where action = 'tenant.change' and target = $1",
      [tenant.id],
    );
    expect(change).toMatchObject({ before: { name: "Acme Ltd" }, after: { name: "New name" } });
    // Nothing changed, nothing to tell.
    await t.expect(200, "PATCH", `/tenant/v1/tenants/${tenant.slug}`, { name: "New name" });
    expect(
      await t.rows("tenant", "select from audit where action = 'tenant.change' and target = $1", [tenant.id]),
    ).toHaveLength(1);
  });

  test("gets an entry for what the provisioner does on its own", async () => {
    const tenantId = newId("ten");
    await addToReserve(t.worker, { tenantId, salt: "v1:x", worker: "w9" });
    await putTemplate(t.worker, { ...catalogue, name: "another", worker: "w9" });
    await putTemplate(t.worker, { ...catalogue, name: "another", worker: "w9" });
    const rows = await t.rows<Row>("instance", "select * from audit where actor = 'worker:w9' order by id");
    expect(rows.map((row) => row.action)).toEqual(["stack.reserve", "template.put"]);
  });

  test("is taken back with the change it is about", async () => {
    const { tenant } = await createTenant(t);
    const before = (await t.rows<Row>("tenant", "select * from audit order by id")).length;
    await t.expect(409, "POST", "/tenant/v1/tenants", newTenantBody(tenant.slug));
    await t.expect(412, "PATCH", `/tenant/v1/tenants/${tenant.slug}`, { name: "X" }, { "if-match": '"77"' });
    const news = (await t.rows<Row>("tenant", "select * from audit order by id"))
      .slice(before)
      .filter((entry) => entry.action !== "tenant.status");
    expect(news).toEqual([]);
  });
});
