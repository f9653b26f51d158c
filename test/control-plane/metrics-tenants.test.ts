import { describe, expect, test } from "vitest";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import { type InstanceFigures, putFigures } from "../../control-plane/instance/put-figures.ts";
import { readFigures } from "../../control-plane/instance/tenant-figures.ts";
import { watchedInstances } from "../../control-plane/instance/watched-instances.ts";
import { labelNames, oneValue, valuesOf } from "../support/samples.ts";
import { explaining } from "./explain.ts";
import { figuresOfInstances, scrape } from "./figures.ts";
import { withServices } from "./support.ts";
import { claimFor, createTenant, identity, readyTenant, untilStatus, work } from "./worker.ts";

const t = withServices();

describe("tenants' figures", () => {
  const whole = (tenantId: string, more: Partial<InstanceFigures> = {}): InstanceFigures => ({
    ...{ tenantId, instance: "production", up: true, cpuSeconds: 12.5 },
    ...{ memoryBytes: 250_000_000, memoryLimitBytes: 1_073_741_824, connections: 4 },
    ...{ databaseBytes: 31_000_000, filesBytes: 2_000_000 },
    ...{ requests2xx: 120, requests3xx: 30, requests4xx: 3, requests5xx: 0 },
    ...{ requestSeconds: 18.25, requestCount: 153 },
    ...more,
  });
  const ours = async () => {
    const samples = await scrape(t.services);
    return samples.filter(({ name }) => name in figuresOfInstances);
  };

  test("are those of the last look, under the tenant's name, and nothing of tenants that are gone", async () => {
    const [one, two] = [await readyTenant(t), await readyTenant(t)];
    expect((await watchedInstances(t.worker.db)).map(({ tenantId }) => tenantId)).toEqual(
      expect.arrayContaining([one.tenant.id, two.tenant.id]),
    );
    await putFigures(t.worker.db, [whole(one.tenant.id), whole(two.tenant.id, { up: false })]);
    let samples = await ours();
    for (const [name, labels] of Object.entries(figuresOfInstances))
      expect(labelNames(samples, name), name).toEqual([labels]);
    const label = ({ tenant }: typeof one) => `tenant=${tenant.id} slug=${tenant.slug} instance=production`;
    const values = (name: string) => valuesOf(samples, name);
    expect(values("berth_tenant_up")).toEqual({ [label(one)]: 1, [label(two)]: 0 });
    const expected = {
      berth_tenant_cpu_seconds_total: 12.5,
      berth_tenant_memory_bytes: 250_000_000,
      berth_tenant_memory_limit_bytes: 1_073_741_824,
      berth_tenant_connections: 4,
      berth_tenant_database_bytes: 31_000_000,
      berth_tenant_files_bytes: 2_000_000,
      berth_tenant_request_seconds_sum: 18.25,
      berth_tenant_request_seconds_count: 153,
    };
    for (const [name, value] of Object.entries(expected))
      expect(values(name), name).toEqual({ [label(one)]: value, [label(two)]: value });
    expect(values("berth_tenant_requests_total")).toEqual(
      Object.fromEntries(
        [one, two].flatMap((made) =>
          Object.entries({ "2xx": 120, "3xx": 30, "4xx": 3, "5xx": 0 }).map(([name, count]) => [
            `${label(made)} class=${name}`,
            count,
          ]),
        ),
      ),
    );
    // Counted anew by an engine or a Traefik that began anew: a reset, as Prometheus knows it.
    await putFigures(t.worker.db, [whole(one.tenant.id, { cpuSeconds: 0.5, requests2xx: 1 })]);
    samples = await ours();
    expect(values("berth_tenant_cpu_seconds_total")).toEqual({ [label(one)]: 0.5 });
    expect(values("berth_tenant_requests_total")[`${label(one)} class=2xx`]).toBe(1);
    // It goes while a look is under way, which still writes of it.
    await t.expect(202, "DELETE", `/tenant/v1/tenants/${one.tenant.slug}`);
    await work(t, one.tenant.id);
    await putFigures(t.worker.db, [whole(one.tenant.id), whole(two.tenant.id)]);
    samples = await ours();
    expect(Object.keys(values("berth_tenant_up"))).toEqual([label(two)]);
    expect(samples.some(({ labels }) => labels.tenant === one.tenant.id)).toBe(false);
    expect((await watchedInstances(t.worker.db)).map(({ tenantId }) => tenantId)).not.toContain(
      one.tenant.id,
    );
    await putFigures(t.worker.db, []);
    expect(await t.rows("instance", "select from instance_figures")).toEqual([]);
    expect(await ours()).toEqual([]);
  });

  test("of one that is being deleted end when that is asked for, also when the deletion fails", async () => {
    const { tenant } = await readyTenant(t);
    await putFigures(t.worker.db, [whole(tenant.id, { up: false })]);
    expect(await ours()).not.toEqual([]);
    await t.expect(202, "DELETE", `/tenant/v1/tenants/${tenant.slug}`);
    const fence = await claimFor(t, tenant.id);
    expect(await ours()).toEqual([]);
    await finishOperation(t.worker, { fence, status: "failed", error: { code: "x", message: "X." } });
    await untilStatus(t, tenant.slug, "failed");
    // A look that was under way still writes of it.
    await putFigures(t.worker.db, [whole(tenant.id, { up: false })]);
    expect(await ours()).toEqual([]);
    expect((await watchedInstances(t.worker.db)).map(({ tenantId }) => tenantId)).not.toContain(tenant.id);
  });

  test("that could not be read are missing, sizes are those that were known, and old ones are not told", async () => {
    const { tenant } = await readyTenant(t);
    await putFigures(t.worker.db, [whole(tenant.id)]);
    const unknown = { cpuSeconds: null, connections: null, databaseBytes: null, filesBytes: null };
    const traffic = { requests2xx: null, requests3xx: null, requests4xx: null, requests5xx: null };
    await putFigures(t.worker.db, [whole(tenant.id, { ...unknown, ...traffic, requestSeconds: null })]);
    const there = new Set((await ours()).map(({ name }) => name));
    expect(Object.keys(figuresOfInstances).filter((name) => !there.has(name))).toEqual([
      ...["berth_tenant_cpu_seconds_total", "berth_tenant_connections", "berth_tenant_request_seconds_sum"],
      "berth_tenant_requests_total",
    ]);
    expect(oneValue(await ours(), "berth_tenant_files_bytes")).toBe(2_000_000);
    await t.rows("instance", "update instance_figures set looked_at = now() - interval '119 seconds'");
    expect((await ours()).length).toBeGreaterThan(0);
    await t.rows("instance", "update instance_figures set looked_at = now() - interval '121 seconds'");
    expect(await ours()).toEqual([]);
  });

  test("of one that was never ready are not looked at", async () => {
    const { tenant } = await createTenant(t);
    await untilStatus(t, tenant.slug, "creating");
    expect((await watchedInstances(t.worker.db)).map(({ tenantId }) => tenantId)).not.toContain(tenant.id);
    await work(t, tenant.id);
    expect(await watchedInstances(t.worker.db)).toContainEqual({
      ...{ tenantId: tenant.id, instance: "production", address: null },
    });
  });

  test("are one statement's work, for hundreds of tenants as for one", async () => {
    const ids = Array.from({ length: 300 }, (_, n) => `ten_many${n}`);
    await t.rows(
      "instance",
      "insert into stacks (tenant_id, slug, status, ready_at) select id, id, 'ready', now() from unnest($1::text[]) id",
      [ids],
    );
    await t.rows(
      "instance",
      "insert into instances (tenant_id, name, hosts, ready_at, identity) select id, 'production', '{}', now(), $2::uuid from unnest($1::text[]) id",
      [ids, identity],
    );
    const watched = (await watchedInstances(t.worker.db)).filter(({ tenantId }) => ids.includes(tenantId));
    expect(watched).toHaveLength(300);
    const explained = await explaining(t.databases.logins.instance, "all");
    try {
      await putFigures(
        explained.db,
        watched.map(({ tenantId }) => whole(tenantId)),
      );
      expect(explained.plans).toHaveLength(1);
      expect(await readFigures(explained.db)).toHaveLength(300);
      expect(explained.plans).toHaveLength(2);
    } finally {
      await explained.close();
    }
    expect(await ours()).toHaveLength(300 * 13);
    await t.rows("instance", "delete from instance_figures");
    await t.rows("instance", "delete from instances where tenant_id = any($1)", [ids]);
    await t.rows("instance", "delete from stacks where tenant_id = any($1)", [ids]);
  });
});
