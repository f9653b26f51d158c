import { PassThrough } from "node:stream";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import { workFigures } from "../../control-plane/instance/operation-figures.ts";
import { operationKind } from "../../control-plane/instance/operation-status.ts";
import { type InstanceFigures, putFigures } from "../../control-plane/instance/put-figures.ts";
import { recordEvent } from "../../control-plane/instance/record-event.ts";
import { addStackFigures } from "../../control-plane/instance/stack-figures.ts";
import { stackStatus } from "../../control-plane/instance/stack-status.ts";
import { readFigures } from "../../control-plane/instance/tenant-figures.ts";
import { watchedInstances } from "../../control-plane/instance/watched-instances.ts";
import { createLog } from "../../control-plane/observability/log.ts";
import { createMetrics } from "../../control-plane/observability/metrics.ts";
import { createServices, type Services } from "../../control-plane/services.ts";
import { labelNames, oneValue, parseSamples, type Sample, valuesOf } from "../support/samples.ts";
import { explaining, nodes } from "./explain.ts";
import { keys, noMail, withServices } from "./support.ts";
import { claimFor, createTenant, identity, readyTenant, untilGone, untilStatus, work } from "./worker.ts";

const t = withServices();
const scrape = async (services: Pick<Services, "metrics"> = t.services): Promise<Sample[]> =>
  parseSamples(await services.metrics.text());

const outcomes = ["succeeded", "failed", "cancelled"];
const zero = Object.fromEntries(
  operationKind.options.flatMap((kind) => outcomes.map((one) => [`kind=${kind} outcome=${one}`, 0])),
);

/** Everything that the services tell, with its labels, when nothing was ever done. */
const figures: Record<string, string> = {
  berth_http_errors_total: "service",
  berth_scrape_errors_total: "group",
  berth_operations_total: "kind outcome",
  berth_queue_depth: "",
  berth_queue_oldest_age_seconds: "",
  berth_operations_running: "",
  berth_operation_running_oldest_seconds: "",
  berth_tenants: "status",
  berth_tenants_drifted: "",
  berth_template_age_seconds: "",
  berth_outbox_depth: "",
  berth_outbox_oldest_age_seconds: "",
};
/** And of each instance. */
const ofInstances: Record<string, string> = Object.fromEntries([
  ...[
    "berth_tenant_up",
    "berth_tenant_cpu_seconds_total",
    "berth_tenant_memory_bytes",
    "berth_tenant_memory_limit_bytes",
    "berth_tenant_connections",
    "berth_tenant_database_bytes",
    "berth_tenant_files_bytes",
    "berth_tenant_request_seconds_sum",
    "berth_tenant_request_seconds_count",
  ].map((name) => [name, "tenant slug instance"]),
  ["berth_tenant_requests_total", "tenant slug instance class"],
]);

describe("services that nobody has asked for anything", () => {
  test("tell all that they will ever tell, errors with 0", async () => {
    const samples = await scrape();
    for (const [name, labels] of Object.entries(figures))
      expect(labelNames(samples, name), name).toEqual([labels]);
    expect(valuesOf(samples, "berth_http_errors_total")).toEqual({
      ...{ "service=user": 0, "service=tenant": 0, "service=instance": 0 },
    });
    expect(Object.values(valuesOf(samples, "berth_scrape_errors_total"))).toEqual(Array(6).fill(0));
    expect(valuesOf(samples, "berth_operations_total")).toEqual(zero);
    expect(valuesOf(samples, "berth_tenants")).toEqual(
      Object.fromEntries(stackStatus.options.map((status) => [`status=${status}`, 0])),
    );
    for (const name of ["berth_queue_depth", "berth_queue_oldest_age_seconds", "berth_operations_running"])
      expect(oneValue(samples, name), name).toBe(0);
    for (const name of ["berth_operation_running_oldest_seconds", "berth_tenants_drifted"])
      expect(oneValue(samples, name), name).toBe(0);
    for (const name of ["berth_outbox_depth", "berth_outbox_oldest_age_seconds"])
      expect(oneValue(samples, name), name).toBe(0);
    // Nothing that is in nobody's list.
    const known = new Set([...Object.keys(figures), ...Object.keys(ofInstances)]);
    const others = samples.filter(({ name }) => !known.has(name) && !name.startsWith("http_request_"));
    expect(others).toEqual([]);
  });

  test("tell how old the template is, and that there is none", async () => {
    const age = oneValue(await scrape(), "berth_template_age_seconds");
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(3_600);
    await t.rows("instance", "update templates set created_at = now() - interval '2 days'");
    expect(oneValue(await scrape(), "berth_template_age_seconds")).toBeGreaterThanOrEqual(2 * 86_400);
    await t.rows("instance", "update templates set current = false");
    expect(oneValue(await scrape(), "berth_template_age_seconds")).toBe(Number.POSITIVE_INFINITY);
    await t.rows("instance", "update templates set current = true");
  });
});

test("requests are counted by route, never by what was asked for, by host or by who asked", async () => {
  const count = async () => valuesOf(await scrape(), "http_request_duration_seconds_count");
  const key = (method: string, route: string, status: number, service = "tenant") =>
    `service=${service} method=${method} route=${route} status=${status}`;
  const before = await count();
  for (const slug of ["one", "two", "three"])
    await t.call("GET", `/tenant/v1/tenants/${slug}`, undefined, { host: `${slug}.example` });
  await t.call("GET", "/tenant/v1/nothing/of/that/kind");
  await t.call("DELETE", "/tenant/v1/tenants");
  await t.call("PROPFIND", "/tenant/v1/tenants");
  await t.call("GET", "/user/v1/sessions/current", undefined, { authorization: "" });
  const after = await count();
  const grown = Object.entries(after).filter(([name, value]) => value !== before[name]);
  expect(Object.fromEntries(grown)).toEqual({
    [key("GET", "/tenant/v1/tenants/:slug", 404)]: 3,
    [key("GET", "none", 404)]: 1,
    [key("DELETE", "none", 405)]: 1,
    [key("other", "none", 405)]: 1,
    [key("GET", "/user/v1/sessions/current", 401, "user")]: 1,
  });
  expect(labelNames(await scrape(), "http_request_duration_seconds_bucket")).toEqual([
    "le service method route status",
  ]);
});

describe("operations", () => {
  test("are counted in the queue and as running, with the age of the oldest", async () => {
    const { tenant } = await createTenant(t);
    await untilStatus(t, tenant.slug, "creating");
    await t.rows("instance", "update operations set created_at = now() - interval '90 seconds'");
    let samples = await scrape();
    expect(oneValue(samples, "berth_queue_depth")).toBe(1);
    expect(oneValue(samples, "berth_queue_oldest_age_seconds")).toBeGreaterThanOrEqual(90);
    expect(oneValue(samples, "berth_operations_running")).toBe(0);
    expect(valuesOf(samples, "berth_tenants")).toMatchObject({ "status=creating": 1, "status=ready": 0 });
    const fence = await claimFor(t, tenant.id);
    await t.rows("instance", "update operations set started_at = now() - interval '70 seconds'");
    samples = await scrape();
    expect(oneValue(samples, "berth_queue_depth")).toBe(0);
    expect(oneValue(samples, "berth_queue_oldest_age_seconds")).toBe(0);
    expect(oneValue(samples, "berth_operations_running")).toBe(1);
    expect(oneValue(samples, "berth_operation_running_oldest_seconds")).toBeGreaterThanOrEqual(70);
    await finishOperation(t.worker, { fence, status: "failed", error: { code: "x", message: "X." } });
    samples = await scrape();
    expect(oneValue(samples, "berth_operations_running")).toBe(0);
    expect(oneValue(samples, "berth_operation_running_oldest_seconds")).toBe(0);
    expect(valuesOf(samples, "berth_tenants")).toMatchObject({ "status=creating": 0, "status=failed": 1 });
  });

  test("that end before they began are counted by the service", async () => {
    const counted = async () => valuesOf(await scrape(), "berth_operations_total");
    const { tenant, operation } = await createTenant(t);
    await untilStatus(t, tenant.slug, "creating");
    const cancel = () => t.call("POST", `/instance/v1/operations/${operation.id}/cancel`);
    expect((await cancel()).status).toBe(202);
    expect((await cancel()).status).toBe(409);
    expect(await counted()).toEqual({ ...zero, "kind=create outcome=cancelled": 1 });
    // By a deletion as well; what is being worked on ends elsewhere.
    const running = await createTenant(t);
    const fence = await claimFor(t, running.tenant.id);
    const waiting = await createTenant(t);
    await untilStatus(t, waiting.tenant.slug, "creating");
    for (const one of [waiting, running]) {
      await t.expect(202, "DELETE", `/tenant/v1/tenants/${one.tenant.slug}`);
      await untilStatus(t, one.tenant.slug, "deleting");
    }
    expect(await counted()).toEqual({ ...zero, "kind=create outcome=cancelled": 2 });
    await finishOperation(t.worker, { fence, status: "cancelled", error: { code: "x", message: "X." } });
    for (const one of [waiting, running]) {
      await work(t, one.tenant.id);
      await untilGone(t, one.tenant.slug);
    }
    expect(await counted()).toEqual({ ...zero, "kind=create outcome=cancelled": 2 });
  });

  test("are counted and timed by whoever ends them, once each", async () => {
    const registry = new Registry();
    const worker = { ...t.worker, ended: workFigures(registry).ended };
    const read = async () => parseSamples(await registry.metrics());
    expect(valuesOf(await read(), "berth_operations_total")).toEqual(zero);
    expect(valuesOf(await read(), "berth_operation_duration_seconds_count")).toEqual(zero);
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
    const expected = { ...zero, "kind=create outcome=failed": 1 };
    expect(valuesOf(samples, "berth_operations_total")).toEqual(expected);
    expect(valuesOf(samples, "berth_operation_duration_seconds_count")).toEqual(expected);
    const seconds = valuesOf(samples, "berth_operation_duration_seconds_sum")["kind=create outcome=failed"];
    expect(seconds).toBeGreaterThanOrEqual(20);
    expect(seconds).toBeLessThan(60);
  });

  test("that found drift are told of until the next check of that tenant finds none", async () => {
    const drifted = async () => oneValue(await scrape(), "berth_tenants_drifted");
    const [one, two] = [await readyTenant(t), await readyTenant(t)];
    const check = async ({ tenant }: typeof one, differences: unknown[], status: "succeeded" | "failed") => {
      await t.expect(202, "POST", `/instance/v1/tenants/${tenant.slug}/check`);
      const fence = await claimFor(t, tenant.id);
      await recordEvent(t.worker, { fence, data: { check: { same: 9, changes: {}, differences } } });
      const error = { code: "x", message: "X." };
      await finishOperation(t.worker, { fence, status, ...(status === "failed" ? { error } : {}) });
    };
    const drift = [{ instance: "production", part: "container", would: "create" }];
    expect(await drifted()).toBe(0);
    await check(one, drift, "succeeded");
    await check(two, [], "succeeded");
    expect(await drifted()).toBe(1);
    await check(two, drift, "succeeded");
    expect(await drifted()).toBe(2);
    // One that did not finish has found nothing out.
    await check(one, [], "failed");
    expect(await drifted()).toBe(2);
    await check(one, [], "succeeded");
    expect(await drifted()).toBe(1);
    await t.expect(202, "DELETE", `/tenant/v1/tenants/${two.tenant.slug}`);
    await work(t, two.tenant.id);
    expect(await drifted()).toBe(0);
  });
});

test("what the instance service has not taken yet is told of, with the age of the oldest", async () => {
  const { tenant } = await readyTenant(t);
  // Due in an hour: nobody delivers them meanwhile.
  const put = (age: string) =>
    t.rows(
      "tenant",
      `insert into outbox (tenant_id, request, request_id, due_at, created_at)
       values ($1, '{}', 'x', now() + interval '1 hour', now() - $2::interval)`,
      [tenant.id, age],
    );
  await put("10 seconds");
  await put("10 minutes");
  const samples = await scrape();
  expect(oneValue(samples, "berth_outbox_depth")).toBe(2);
  expect(oneValue(samples, "berth_outbox_oldest_age_seconds")).toBeGreaterThanOrEqual(600);
  await t.rows("tenant", "update outbox set done_at = now() where done_at is null");
  expect(oneValue(await scrape(), "berth_outbox_depth")).toBe(0);
});

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
    const samples = await scrape();
    return samples.filter(({ name }) => name in ofInstances);
  };

  test("are those of the last look, under the tenant's name, and nothing of tenants that are gone", async () => {
    const [one, two] = [await readyTenant(t), await readyTenant(t)];
    expect((await watchedInstances(t.worker.db)).map(({ tenantId }) => tenantId)).toEqual(
      expect.arrayContaining([one.tenant.id, two.tenant.id]),
    );
    await putFigures(t.worker.db, [whole(one.tenant.id), whole(two.tenant.id, { up: false })]);
    let samples = await ours();
    for (const [name, labels] of Object.entries(ofInstances))
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

  test("that could not be read are missing, sizes are those that were known, and old ones are not told", async () => {
    const { tenant } = await readyTenant(t);
    await putFigures(t.worker.db, [whole(tenant.id)]);
    const unknown = { cpuSeconds: null, connections: null, databaseBytes: null, filesBytes: null };
    const traffic = { requests2xx: null, requests3xx: null, requests4xx: null, requests5xx: null };
    await putFigures(t.worker.db, [whole(tenant.id, { ...unknown, ...traffic, requestSeconds: null })]);
    const there = new Set((await ours()).map(({ name }) => name));
    expect(Object.keys(ofInstances).filter((name) => !there.has(name))).toEqual([
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

describe("services whose database is away", () => {
  let text = "";
  let services: Services;
  beforeAll(() => {
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const nowhere = { url: "postgres://nobody@127.0.0.1:9/none", password: "" };
    services = createServices({
      settings: { domain: "localhost", httpPort: 80 },
      logins: { user: nowhere, tenant: nowhere, instance: nowhere },
      keys,
      redis: { port: 9, password: "" },
      ...noMail,
      log: createLog({ env: "test", logLevel: "warn" }, "test", stream),
    });
  });
  afterAll(() => services.stop());

  test("tell the rest, count what they could not read, and say so once", async () => {
    for (const times of [1, 2, 3]) {
      const samples = await scrape(services);
      expect(new Set(Object.values(valuesOf(samples, "berth_scrape_errors_total")))).toEqual(
        new Set([times]),
      );
      const left = new Set(samples.map(({ name }) => name));
      expect([...left].filter((name) => name in figures)).toEqual([
        ...["berth_scrape_errors_total", "berth_http_errors_total", "berth_operations_total"],
      ]);
    }
    const lines = text.split("\n").filter((line) => line.includes("figures cannot be read"));
    expect(lines.map((line) => JSON.parse(line).group).toSorted()).toEqual([
      ...["drift", "outbox", "queue", "stacks", "template", "tenants"],
    ]);
  });
});
