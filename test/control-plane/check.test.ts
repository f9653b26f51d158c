import { describe, expect, test } from "vitest";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import type { OperationView } from "../../control-plane/instance/read-operations.ts";
import { readStack } from "../../control-plane/instance/read-stack.ts";
import { stacksOf, wanted } from "./stacks.ts";
import { freshSlug, type Problem, type TenantAnswer, withServices } from "./support.ts";
import { claimFor, createTenant, readyTenant, untilStatus, work } from "./worker.ts";

const t = withServices();
const { makeStack } = stacksOf(t);
type Accepted = { operation: OperationView };
const check = (tenant: string) => `/instance/v1/tenants/${tenant}/check`;
const restart = (tenant: string) => `/instance/v1/tenants/${tenant}/instances/production/restart`;
const failure = { code: "not_ready", message: "It did not come back." };
/** A new revision, as a change of plan or domain will ask for one. */
const putChange = ({ id, slug }: { id: string; slug: string }) => makeStack(id, wanted(slug, 2));
const statusOf = async (tenantId: string) => (await readStack(t.worker, tenantId)).status;

describe("a check", () => {
  test("is an operation that leaves the tenant's status as it is", async () => {
    const { tenant } = await readyTenant(t);
    for (const name of [tenant.slug, tenant.id]) {
      const answer = await t.call("POST", check(name));
      expect(answer.status).toBe(202);
      const { operation } = (await answer.json()) as Accepted;
      expect(answer.headers.get("location")).toBe(`/instance/v1/operations/${operation.id}`);
      expect(operation).toMatchObject({ kind: "check", status: "queued", tenant: tenant.id });
      expect(await statusOf(tenant.id)).toBe("ready");
      const fence = await claimFor(t, tenant.id);
      expect(await statusOf(tenant.id)).toBe("ready");
      await finishOperation(t.worker, { fence, status: "failed", error: failure });
      expect(await statusOf(tenant.id)).toBe("ready");
    }
    const shown = await t.expect<TenantAnswer>(200, "GET", `/tenant/v1/tenants/${tenant.slug}`);
    expect(shown.tenant.status).toBe("ready");
  });

  test("is refused where there is nothing to compare, or somebody works", async () => {
    await t.expect(404, "POST", check(freshSlug()));
    const { tenant } = await createTenant(t);
    await untilStatus(t, tenant.slug, "creating");
    expect((await t.expect<Problem>(409, "POST", check(tenant.slug))).code).toBe("operation_in_progress");
    await work(t, tenant.id, "failed", failure);
    expect((await t.expect<Problem>(409, "POST", check(tenant.slug))).code).toBe("not_ready");
    await t.expect(202, "DELETE", `/tenant/v1/tenants/${tenant.slug}`);
    await untilDeleting(tenant.id);
    expect((await t.expect<Problem>(409, "POST", check(tenant.slug))).code).toBe("tenant_deleting");
  });

  test("that waits behind a creation does not keep the tenant in it", async () => {
    const { tenant } = await createTenant(t);
    const fence = await claimFor(t, tenant.id);
    // Only what is accepted in the same moment can be queued behind: the route refuses it otherwise.
    await t.rows(
      "instance",
      `insert into operations (id, tenant_id, kind, spec_revision, request_id, actor)
       values ('op_behind' || substr(md5(random()::text), 1, 10), $1, 'check', 1, 'test', 'test')`,
      [tenant.id],
    );
    await finishOperation(t.worker, { fence, status: "succeeded" });
    expect(await statusOf(tenant.id)).toBe("ready");
    await finishOperation(t.worker, { fence: await claimFor(t, tenant.id), status: "succeeded" });
    expect(await statusOf(tenant.id)).toBe("ready");
  });
});

describe("a restart", () => {
  const queue = async (slug: string) => (await t.expect<Accepted>(202, "POST", restart(slug))).operation;

  test("applies no revision, and makes no tenant ready whose last change failed", async () => {
    const { tenant } = await readyTenant(t);
    await putChange(tenant);
    await work(t, tenant.id, "failed", { code: "x", message: "It failed." });
    expect(await readStack(t.worker, tenant.id)).toMatchObject({
      status: "failed",
      revision: 2,
      appliedRevision: 1,
    });
    await queue(tenant.slug);
    await work(t, tenant.id);
    expect(await readStack(t.worker, tenant.id)).toMatchObject({ status: "failed", appliedRevision: 1 });
  });

  test("after which Odoo does not come back leaves the tenant failed until one succeeds", async () => {
    const { tenant } = await readyTenant(t);
    await queue(tenant.slug);
    await work(t, tenant.id, "failed", failure);
    await untilStatus(t, tenant.slug, "failed");
    await queue(tenant.slug);
    await work(t, tenant.id);
    await untilStatus(t, tenant.slug, "ready");
  });

  test("that was cancelled, or met an engine that was away, leaves a ready tenant ready", async () => {
    const { tenant } = await readyTenant(t);
    await queue(tenant.slug);
    await work(t, tenant.id, "cancelled", { code: "cancelled", message: "It was cancelled." });
    expect(await statusOf(tenant.id)).toBe("ready");
    await queue(tenant.slug);
    await work(t, tenant.id, "failed", { code: "outside_unavailable", message: "It did not answer." });
    expect(await statusOf(tenant.id)).toBe("ready");
    await untilStatus(t, tenant.slug, "ready");
  });
});

test("a queued change that is cancelled says nothing about the creation that runs", async () => {
  const { tenant } = await createTenant(t);
  const fence = await claimFor(t, tenant.id);
  const { operationId } = await putChange(tenant);
  await t.expect(202, "POST", `/instance/v1/operations/${operationId}/cancel`);
  expect(await statusOf(tenant.id)).toBe("creating");
  await finishOperation(t.worker, { fence, status: "failed", error: failure });
  expect(await statusOf(tenant.id)).toBe("failed");
});

async function untilDeleting(tenantId: string): Promise<void> {
  await expect.poll(() => statusOf(tenantId)).toBe("deleting");
}
