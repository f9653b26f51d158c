import { claimOperation } from "../../control-plane/instance/claim-operation.ts";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import type { Claim } from "../../control-plane/instance/lease.ts";
import { markReady } from "../../control-plane/instance/mark-ready.ts";
import type { OperationError } from "../../control-plane/instance/operation-status.ts";
import { releaseOperation } from "../../control-plane/instance/release-operation.ts";
import { until } from "../../control-plane/until.ts";
import { freshSlug, newTenantBody, type TenantAnswer, type TestServices } from "./support.ts";

const leaseMs = 60_000;
export const identity = "00000000-0000-4000-8000-000000000001";

/** Claims a tenant's next operation as a worker would; others that are open go back. */
export async function claimFor(t: TestServices, tenantId: string, worker = "test-worker"): Promise<Claim> {
  return until(
    async () => {
      const others: Claim[] = [];
      let mine: Claim | undefined;
      for (;;) {
        const claim = await claimOperation(t.worker, { worker, leaseMs });
        if (claim?.tenantId === tenantId) mine = claim;
        else if (claim) others.push(claim);
        if (mine || !claim) break;
      }
      for (const fence of others) await releaseOperation(t.worker, { fence });
      return mine;
    },
    { what: `an operation of ${tenantId}`, deadlineMs: 10_000, everyMs: 10 },
  );
}

/** Does a tenant's next operation with the given end. */
export async function work(
  t: TestServices,
  tenantId: string,
  status: "succeeded" | "failed" | "cancelled" = "succeeded",
  error?: OperationError,
): Promise<Claim> {
  const fence = await claimFor(t, tenantId);
  if (status === "succeeded" && fence.kind !== "destroy") {
    await markReady(t.worker, { fence, instance: "production", identity });
  }
  await finishOperation(t.worker, { fence, status, error });
  return fence;
}

export async function createTenant(t: TestServices, slug = freshSlug()): Promise<TenantAnswer> {
  return t.expect<TenantAnswer>(202, "POST", "/tenant/v1/tenants", newTenantBody(slug));
}

/** A tenant that a worker has brought up. */
export async function readyTenant(t: TestServices, slug = freshSlug()): Promise<TenantAnswer> {
  const { tenant } = await createTenant(t, slug);
  await work(t, tenant.id);
  return untilStatus(t, slug, "ready");
}

/** Waits until the tenant service shows a status. */
export async function untilStatus(t: TestServices, slug: string, status: string): Promise<TenantAnswer> {
  let last = "";
  return until(
    async () => {
      const answer = await t.expect<TenantAnswer>(200, "GET", `/tenant/v1/tenants/${slug}`);
      last = answer.tenant.status;
      return last === status ? answer : undefined;
    },
    { what: `tenant ${slug} to be ${status}`, deadlineMs: 10_000, everyMs: 10 },
  ).catch((problem) => {
    throw new Error(`${problem.message} It is ${last}.`);
  });
}

/** Waits until the tenant service has forgotten it. */
export async function untilGone(t: TestServices, slug: string): Promise<void> {
  await until(async () => (await t.call("GET", `/tenant/v1/tenants/${slug}`)).status === 404, {
    what: `tenant ${slug} to be gone`,
    deadlineMs: 10_000,
    everyMs: 10,
  });
}
