import { describe, expect, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { addressPool, toAddress } from "../../control-plane/instance/address-pool.ts";
import { allocateAddress } from "../../control-plane/instance/allocate-address.ts";
import { claimOperation } from "../../control-plane/instance/claim-operation.ts";
import { describeHolder } from "../../control-plane/instance/describe-holder.ts";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import { keepHistory } from "../../control-plane/instance/keep-history.ts";
import { keepSalt } from "../../control-plane/instance/keep-salt.ts";
import { keepTemplate } from "../../control-plane/instance/keep-template.ts";
import type { Claim } from "../../control-plane/instance/lease.ts";
import { markReady } from "../../control-plane/instance/mark-ready.ts";
import { putStack } from "../../control-plane/instance/put-stack.ts";
import { recordEvent } from "../../control-plane/instance/record-event.ts";
import { startStep } from "../../control-plane/instance/record-step.ts";
import { releaseOperation } from "../../control-plane/instance/release-operation.ts";
import { renewLease } from "../../control-plane/instance/renew-lease.ts";
import { caller, stacksOf } from "./stacks.ts";
import { withServices } from "./support.ts";
import { identity } from "./worker.ts";

const t = withServices();
const { makeStack, claim, mustClaim, drain } = stacksOf(t);
const lost = expect.objectContaining({ code: "lease_lost" });

describe("a claim", () => {
  test("takes the oldest first, each once, whoever asks", async () => {
    await drain();
    const made: string[] = [];
    for (let i = 0; i < 6; i += 1) made.push((await makeStack()).operationId);
    const claims = await Promise.all(Array.from({ length: 9 }, (_, i) => claim(`w${i}`)));
    const taken = claims.flatMap((one) => (one ? [one.operationId] : []));
    expect(taken.toSorted()).toEqual(made.toSorted());
    expect(await claim()).toBeUndefined();
    await drain();
  });

  test("leaves what it is told to leave, and takes what comes after it", async () => {
    await drain();
    const [first, second] = [await makeStack(), await makeStack()];
    const options = { worker: "w1", leaseMs: 60_000, except: [first.tenantId] };
    expect(await claimOperation(t.worker, options)).toMatchObject({ operationId: second.operationId });
    expect(await claimOperation(t.worker, options)).toBeUndefined();
    expect(await claim()).toMatchObject({ operationId: first.operationId });
    await drain();
  });

  test("leaves a tenant's later operations until the earlier one has ended", async () => {
    await drain();
    const { tenantId, operationId, request } = await makeStack();
    const next = newId("op");
    const absent = {
      desired: "absent",
      organization: null,
      operation: next,
      revision: 2,
      slug: request.slug,
      actor: "test",
    } as const;
    const first = await mustClaim();
    expect(first).toMatchObject({ operationId, tenantId, kind: "create", attempt: 1, previous: null });
    await putStack({ ...t.worker, caller }, { tenantId, request: absent });
    expect(await claim("w2")).toBeUndefined();
    expect(await renewLease(t.worker, { fence: first, leaseMs: 60_000 })).toEqual({ cancelRequested: true });
    await finishOperation(t.worker, {
      fence: first,
      status: "cancelled",
      error: { code: "cancelled", message: "x" },
    });
    expect(await claim("w2")).toMatchObject({ operationId: next, kind: "destroy" });
    await drain();
  });

  test("takes over from whoever let the lease run out, and the late one can write nothing more", async () => {
    await drain();
    const { operationId } = await makeStack();
    const dead = await mustClaim("dead");
    await describeHolder(t.worker, { fence: dead, holder: { pid: 4711, host: "here" } });
    expect(await claim("next")).toBeUndefined();
    await t.rows("instance", "update leases set expires_at = now() - interval '1 second'");
    const next = await mustClaim("next");
    expect(next).toMatchObject({
      operationId,
      attempt: 2,
      previous: { worker: "dead", holder: { pid: 4711, host: "here" } },
    });
    expect(next.token).toBeGreaterThan(dead.token);
    const fence = dead;
    await expect(renewLease(t.worker, { fence, leaseMs: 1 })).rejects.toEqual(lost);
    await expect(startStep(t.worker, { fence, name: "x" })).rejects.toEqual(lost);
    await expect(recordEvent(t.worker, { fence, data: {} })).rejects.toEqual(lost);
    await expect(keepSalt(t.worker, { fence, salt: "s" })).rejects.toEqual(lost);
    await expect(keepTemplate(t.worker, { fence, instance: "production", template: "x" })).rejects.toEqual(
      lost,
    );
    await expect(markReady(t.worker, { fence, instance: "production", identity })).rejects.toEqual(lost);
    await expect(keepHistory(t.worker, { fence, history: [], state: {} })).rejects.toEqual(lost);
    await expect(describeHolder(t.worker, { fence, holder: {} })).rejects.toEqual(lost);
    await expect(releaseOperation(t.worker, { fence })).rejects.toEqual(lost);
    await expect(finishOperation(t.worker, { fence, status: "succeeded" })).rejects.toEqual(lost);
    await expect(
      allocateAddress(t.worker, { fence, instance: "production", subnet: "10.9.0.0/24" }),
    ).rejects.toEqual(lost);
    await finishOperation(t.worker, { fence: next, status: "failed", error: { code: "x", message: "x" } });
  });

  test("that is given back is taken by the next at once", async () => {
    await drain();
    const { operationId } = await makeStack();
    const first = await mustClaim("first");
    await releaseOperation(t.worker, { fence: first });
    expect(await mustClaim("second")).toMatchObject({
      operationId,
      attempt: 2,
      previous: { worker: "first" },
    });
    await drain();
  });

  test("survives many workers that claim, renew and finish at once, without a deadlock", async () => {
    await drain();
    const stacks = await Promise.all(Array.from({ length: 12 }, () => makeStack()));
    let finished = 0;
    const worker = async (name: string) => {
      while (finished < stacks.length) {
        const fence = await claim(name);
        if (!fence) continue;
        await Promise.all([
          renewLease(t.worker, { fence, leaseMs: 60_000 }),
          startStep(t.worker, { fence, name: "a" }),
          recordEvent(t.worker, { fence, data: { n: 1 } }),
          allocateAddress(t.worker, { fence, instance: "production", subnet: "10.7.0.0/24" }),
        ]);
        await finishOperation(t.worker, { fence, status: "succeeded" });
        finished += 1;
      }
    };
    await Promise.all(["a", "b", "c", "d"].map(worker));
    const numbers = await t.rows<{ ok: boolean }>(
      "instance",
      "select max(number) = count(*) as ok from operation_events where operation_id = any($1) group by operation_id",
      [stacks.map((stack) => stack.operationId)],
    );
    expect(numbers.every(({ ok }) => ok)).toBe(true);
  });
});

describe("an address", () => {
  test("is another one for each of many that ask at once, and free again after the end", async () => {
    await drain();
    await t.rows("instance", "update instances set address = null");
    const subnet = "10.77.0.0/28";
    const stacks = await Promise.all(Array.from({ length: 13 }, () => makeStack()));
    const claims: Claim[] = [];
    for (const _ of stacks) claims.push(await mustClaim());
    const ask = (fence: Claim) => allocateAddress(t.worker, { fence, instance: "production", subnet });
    const given = await Promise.all(claims.map(ask));
    expect(new Set(given).size).toBe(13);
    expect(given.toSorted()[0]).toBe("10.77.0.10");
    expect(given).not.toContain("10.77.0.0");
    expect(given).not.toContain("10.77.0.1");
    expect(given).not.toContain("10.77.0.15");
    // The same one again for whoever has one.
    expect(await Promise.all(claims.map(ask))).toEqual(given);
    const [first] = claims;
    if (!first) throw new Error("Nothing was claimed.");
    const late = await makeStack();
    const fence = await mustClaim();
    expect(fence.operationId).toBe(late.operationId);
    await expect(ask(fence)).rejects.toThrow(/All 13 addresses of 10\.77\.0\.0\/28 are in use/);
    await finishOperation(t.worker, { fence: first, status: "failed", error: { code: "x", message: "x" } });
    const absent = {
      desired: "absent",
      organization: null,
      operation: newId("op"),
      revision: 2,
      slug: "x",
      actor: "test",
    } as const;
    await putStack({ ...t.worker, caller }, { tenantId: first.tenantId, request: absent });
    await finishOperation(t.worker, { fence: await mustClaim(), status: "succeeded" });
    expect(await ask(fence)).toBe(given[0]);
    await drain();
  });

  test("leaves out what something else holds, and a subnet that is none is refused", async () => {
    await drain();
    await makeStack();
    const fence = await mustClaim();
    const subnet = "10.78.0.0/24";
    const taken = ["10.78.0.2", "10.78.0.3"];
    expect(await allocateAddress(t.worker, { fence, instance: "production", subnet, taken })).toBe(
      "10.78.0.4",
    );
    await drain();
    for (const odd of ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/31", "x/24", ""]) {
      expect(() => addressPool(odd)).toThrow(/is not a subnet/);
    }
    expect(toAddress(addressPool("10.213.5.7/20").first)).toBe("10.213.0.2");
    expect(toAddress(addressPool("10.213.5.7/20").last)).toBe("10.213.15.254");
  });
});
