import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import { workFigures } from "../../control-plane/instance/operation-figures.ts";
import { recordEvent } from "../../control-plane/instance/record-event.ts";
import { addStackFigures } from "../../control-plane/instance/stack-figures.ts";
import { createLog } from "../../control-plane/observability/log.ts";
import { createMetrics } from "../../control-plane/observability/metrics.ts";
import { oneValue, parseSamples, valuesOf } from "../support/samples.ts";
import { explaining, nodes } from "./explain.ts";
import { noOperations, scrape } from "./figures.ts";
import { withServices } from "./support.ts";
import { claimFor, createTenant, readyTenant, untilGone, untilStatus, work } from "./worker.ts";

const t = withServices();

describe("operations", () => {
  test("are counted in the queue and as running, with the age of the oldest", async () => {
    const { tenant } = await createTenant(t);
    await untilStatus(t, tenant.slug, "creating");
    await t.rows("instance", "update operations set created_at = now() - interval '90 seconds'");
    let samples = await scrape(t.services);
    expect(oneValue(samples, "berth_queue_depth")).toBe(1);
    expect(oneValue(samples, "berth_queue_oldest_age_seconds")).toBeGreaterThanOrEqual(90);
    expect(oneValue(samples, "berth_operations_running")).toBe(0);
    expect(valuesOf(samples, "berth_tenants")).toMatchObject({ "status=creating": 1, "status=ready": 0 });
    const fence = await claimFor(t, tenant.id);
    await t.rows("instance", "update operations set started_at = now() - interval '70 seconds'");
    samples = await scrape(t.services);
    expect(oneValue(samples, "berth_queue_depth")).toBe(0);
    expect(oneValue(samples, "berth_queue_oldest_age_seconds")).toBe(0);
    expect(oneValue(samples, "berth_operations_running")).toBe(1);
    expect(oneValue(samples, "berth_operation_running_oldest_seconds")).toBeGreaterThanOrEqual(70);
    await finishOperation(t.worker, { fence, status: "failed", error: { code: "x", message: "X." } });
    samples = await scrape(t.services);
    expect(oneValue(samples, "berth_operations_running")).toBe(0);
    expect(oneValue(samples, "berth_operation_running_oldest_seconds")).toBe(0);
    expect(valuesOf(samples, "berth_tenants")).toMatchObject({ "status=creating": 0, "status=failed": 1 });
  });

  test("that end before they began are counted by the service", async () => {
    const counted = async () => valuesOf(await scrape(t.services), "berth_operations_total");
    const { tenant, operation } = await createTenant(t);
    await untilStatus(t, tenant.slug, "creating");
    const cancel = () => t.call("POST", `/instance/v1/operations/${operation.id}/cancel`);
    expect((await cancel()).status).toBe(202);
    expect((await cancel()).status).toBe(409);
    expect(await counted()).toEqual({ ...noOperations, "kind=create outcome=cancelled": 1 });
    // By a deletion as well; what is being worked on ends elsewhere.
    const running = await createTenant(t);
    const fence = await claimFor(t, running.tenant.id);
    const waiting = await createTenant(t);
    await untilStatus(t, waiting.tenant.slug, "creating");
    for (const one of [waiting, running]) {
      await t.expect(202, "DELETE", `/tenant/v1/tenants/${one.tenant.slug}`);
      await untilStatus(t, one.tenant.slug, "deleting");
    }
    expect(await counted()).toEqual({ ...noOperations, "kind=create outcome=cancelled": 2 });
    await finishOperation(t.worker, { fence, status: "cancelled", error: { code: "x", message: "X." } });
    for (const one of [waiting, running]) {
      await work(t, one.tenant.id);
      await untilGone(t, one.tenant.slug);
    }
    expect(await counted()).toEqual({ ...noOperations, "kind=create outcome=cancelled": 2 });
  });

  test("are counted and timed by whoever ends them, once each", async () => {
    const registry = new Registry();
    const worker = { ...t.worker, ended: workFigures(registry).ended };
    const read = async () => parseSamples(await registry.metrics());
    expect(valuesOf(await read(), "berth_operations_total")).toEqual(noOperations);
    expect(valuesOf(await read(), "berth_operation_duration_seconds_count")).toEqual(noOperations);
    const { tenant } = await createTenant(t);
    const fence = await claimFor(t, tenant.id);
    await t.rows(
      "instance",
      "update operations set started_at = now() - interval '20 seconds' where id = $1",
      [fence.operationId],
    );
    await finishOperation(worker, { fence, status: "failed", error: { code: "x", message: "X." } });
    // It has ended: what comes later changes nothing.
    await expect(finishOperation(worker, { fence, status: "succeeded" })).rejects.toThrow();
    const samples = await read();
    const expected = { ...noOperations, "kind=create outcome=failed": 1 };
    expect(valuesOf(samples, "berth_operations_total")).toEqual(expected);
    expect(valuesOf(samples, "berth_operation_duration_seconds_count")).toEqual(expected);
    const seconds = valuesOf(samples, "berth_operation_duration_seconds_sum")["kind=create outcome=failed"];
    expect(seconds).toBeGreaterThanOrEqual(20);
    expect(seconds).toBeLessThan(60);
  });

  test("that found drift are told of until the next check of that tenant finds none", async () => {
    const drifted = async () => oneValue(await scrape(t.services), "berth_tenants_drifted");
    const [one, two] = [await readyTenant(t), await readyTenant(t)];
    const check = async ({ tenant }: typeof one, differences: unknown[], status: "succeeded" | "failed") => {
      await t.expect(202, "POST", `/instance/v1/tenants/${tenant.slug}/check`);
      const fence = await claimFor(t, tenant.id);
      await recordEvent(t.worker, { fence, data: { check: { same: 9, changes: {}, differences } } });
      const error = { code: "x", message: "X." };
      await finishOperation(t.worker, { fence, status, ...(status === "failed" ? { error } : {}) });
    };
    const drift = [{ instance: "production", part: "container", would: "create" }];
    const each = async () => valuesOf(await scrape(t.services), "berth_tenant_drifted");
    const label = ({ tenant }: typeof one) => `tenant=${tenant.id} slug=${tenant.slug} instance=production`;
    expect(await drifted()).toBe(0);
    // Of one that was never looked at nothing is known.
    expect(await each()).toEqual({});
    await check(one, [...drift, ...drift], "succeeded");
    await check(two, [], "succeeded");
    expect(await drifted()).toBe(1);
    expect(await each()).toEqual({ [label(one)]: 1, [label(two)]: 0 });
    await check(two, drift, "succeeded");
    expect(await drifted()).toBe(2);
    // One that did not finish has found nothing out.
    await check(one, [], "failed");
    expect(await drifted()).toBe(2);
    await check(one, [], "succeeded");
    expect(await drifted()).toBe(1);
    expect(await each()).toEqual({ [label(one)]: 0, [label(two)]: 1 });
    await t.expect(202, "DELETE", `/tenant/v1/tenants/${two.tenant.slug}`);
    await work(t, two.tenant.id);
    expect(await drifted()).toBe(0);
    expect(await each()).toEqual({ [label(one)]: 0 });
  });
});

test("the last check of a tenant is found by an index among all that was ever done", async () => {
  const { tenant } = await readyTenant(t);
  await t.rows(
    "instance",
    `insert into operations (id, tenant_id, kind, status, spec_revision, request_id, actor)
     select 'op_old' || n, $1, case when n = 1 then 'check' else 'restart' end, 'succeeded', 1, 'x', 'x' from generate_series(1, 3000) n`,
    [tenant.id],
  );
  await t.rows("instance", "analyze operations");
  const explained = await explaining(t.databases.logins.instance, "all");
  try {
    const metrics = createMetrics(createLog({ env: "test", logLevel: "fatal" }, "test"));
    addStackFigures(metrics, explained.db);
    await metrics.text();
    const used = explained.plans.flatMap(nodes).map((node) => node["Index Name"]);
    expect(used).toContain("operations_checks");
  } finally {
    await explained.close();
  }
});
