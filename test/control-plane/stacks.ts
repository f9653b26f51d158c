import { ownCaller } from "../../control-plane/audit/write.ts";
import { newId } from "../../control-plane/ids.ts";
import { claimOperation } from "../../control-plane/instance/claim-operation.ts";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import type { Claim } from "../../control-plane/instance/lease.ts";
import { putStack } from "../../control-plane/instance/put-stack.ts";
import type { StackRequest } from "../../control-plane/instance/stack-request.ts";
import { freshSlug, type TestServices } from "./support.ts";

export const caller = ownCaller("test", "request-1");

/** What a stack should be, as the tenant service would say it. */
export function wanted(slug: string, revision = 1): Extract<StackRequest, { desired: "present" }> {
  return {
    desired: "present",
    organization: "org_a234567890123456",
    operation: newId("op"),
    revision,
    slug,
    spec: {
      version: 1,
      company: "Acme",
      admin: { email: "ada@acme.example" },
      odoo: { modules: [], lang: "en_US", country: null, demo: false },
      instances: { production: { hosts: [`${slug}.localhost`], baseUrl: `http://${slug}.localhost` } },
    },
    adminPasswordHash: "$pbkdf2-sha512$1$aa$bb",
    actor: "test",
  };
}

/** The provisioner's verbs over the services of a test file. */
export function stacksOf(t: TestServices) {
  async function makeStack(tenantId = newId("ten"), request: StackRequest = wanted(freshSlug())) {
    const answer = await putStack({ ...t.worker, caller }, { tenantId, request });
    return { tenantId, operationId: answer.operation.id, request };
  }

  const claim = (worker = "w1", leaseMs = 60_000) => claimOperation(t.worker, { worker, leaseMs });

  async function mustClaim(worker = "w1", leaseMs = 60_000): Promise<Claim> {
    const claimed = await claim(worker, leaseMs);
    if (!claimed) throw new Error("There was nothing to claim.");
    return claimed;
  }

  /** Ends everything that is open, so that tests do not see each other's work. */
  async function drain(): Promise<void> {
    await t.rows("instance", "update leases set expires_at = now()");
    for (let open = await claim(); open; open = await claim()) {
      await finishOperation(t.worker, {
        fence: open,
        status: "failed",
        error: { code: "x", message: "drained" },
      });
    }
  }

  return { makeStack, claim, mustClaim, drain };
}
