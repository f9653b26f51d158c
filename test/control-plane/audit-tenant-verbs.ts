import { newId } from "../../control-plane/ids.ts";
import type { AuditedVerbs } from "./audit-verbs.ts";
import { freshSlug, type TestServices } from "./support.ts";
import { createTenant, readyTenant, untilStatus, work } from "./worker.ts";

/** What changes tenants, their stacks and operations. */
export function tenantVerbs(t: TestServices): AuditedVerbs {
  return {
    "post /tenant/v1/tenants": {
      service: "tenant",
      action: "tenant.create",
      run: async () => void (await createTenant(t)),
    },
    "patch /tenant/v1/tenants/{slug}": {
      service: "tenant",
      action: "tenant.change",
      run: async () => {
        const { tenant } = await createTenant(t);
        await t.expect(200, "PATCH", `/tenant/v1/tenants/${tenant.slug}`, { name: "Other" });
      },
    },
    "delete /tenant/v1/tenants/{slug}": {
      service: "tenant",
      action: "tenant.delete",
      run: async () => {
        const { tenant } = await createTenant(t);
        await t.expect(202, "DELETE", `/tenant/v1/tenants/${tenant.slug}`);
      },
    },
    "put /instance/v1/stacks/{tenant}": {
      service: "instance",
      action: "stack.destroy",
      run: async () => {
        const body = {
          desired: "absent",
          organization: null,
          operation: newId("op"),
          revision: 1,
          slug: freshSlug(),
          actor: "test",
        };
        await t.expect(200, "PUT", `/instance/v1/stacks/${newId("ten")}`, body, t.asService);
      },
    },
    "post /instance/v1/operations/{id}/cancel": {
      service: "instance",
      action: "operation.cancel",
      run: async () => {
        const { tenant, operation } = await createTenant(t);
        await untilStatus(t, tenant.slug, "creating");
        await t.expect(202, "POST", `/instance/v1/operations/${operation.id}/cancel`);
      },
    },
    "post /instance/v1/operations/{id}/retry": {
      service: "instance",
      action: "operation.retry",
      run: async () => {
        const { tenant, operation } = await createTenant(t);
        await work(t, tenant.id, "failed", { code: "x", message: "It failed." });
        await t.expect(202, "POST", `/instance/v1/operations/${operation.id}/retry`);
      },
    },
    "post /instance/v1/tenants/{tenant}/check": {
      service: "instance",
      action: "tenant.check",
      run: async () => {
        const { tenant } = await readyTenant(t);
        await t.expect(202, "POST", `/instance/v1/tenants/${tenant.slug}/check`);
      },
    },
    "post /instance/v1/tenants/{tenant}/instances/{name}/restart": {
      service: "instance",
      action: "instance.restart",
      run: async () => {
        const { tenant } = await readyTenant(t);
        await t.expect(202, "POST", `/instance/v1/tenants/${tenant.slug}/instances/production/restart`);
      },
    },
  };
}
