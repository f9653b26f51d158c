import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stackStatus } from "../../control-plane/instance/stack-status.ts";
import { createLog } from "../../control-plane/observability/log.ts";
import { createServices, type Services } from "../../control-plane/services.ts";
import { labelNames, oneValue, valuesOf } from "../support/samples.ts";
import { figureOfChecked, figures, figuresOfInstances, noOperations, scrape } from "./figures.ts";
import { keys, noMail, withServices } from "./support.ts";
import { readyTenant } from "./worker.ts";

const t = withServices();

describe("services that nobody has asked for anything", () => {
  test("tell all that they will ever tell, errors with 0", async () => {
    const samples = await scrape(t.services);
    for (const [name, labels] of Object.entries(figures))
      expect(labelNames(samples, name), name).toEqual([labels]);
    expect(valuesOf(samples, "berth_http_errors_total")).toEqual({
      ...{ "service=user": 0, "service=tenant": 0, "service=instance": 0 },
    });
    expect(Object.values(valuesOf(samples, "berth_scrape_errors_total"))).toEqual(Array(5).fill(0));
    expect(valuesOf(samples, "berth_operations_total")).toEqual(noOperations);
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
    const known = new Set([...Object.keys(figures), ...Object.keys(figuresOfInstances), figureOfChecked]);
    const isTimed = (name: string) => /^(http_request|berth_job_run)_duration_seconds_/.test(name);
    const others = samples.filter(({ name }) => !known.has(name) && !isTimed(name));
    expect(others).toEqual([]);
  });
});

test("requests are counted by route, never by what was asked for, by host or by who asked", async () => {
  const count = async () => valuesOf(await scrape(t.services), "http_request_duration_seconds_count");
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
  // Services that have just begun ask each other who they are, whenever they first need to know.
  const own = /route=\/user\/v1\/(service-tokens|jwks) /;
  const grown = Object.entries(after).filter(([name, value]) => value !== before[name] && !own.test(name));
  expect(Object.fromEntries(grown)).toEqual({
    [key("GET", "/tenant/v1/tenants/:slug", 404)]: 3,
    [key("GET", "none", 404)]: 1,
    [key("DELETE", "none", 405)]: 1,
    [key("other", "none", 405)]: 1,
    [key("GET", "/user/v1/sessions/current", 401, "user")]: 1,
  });
  expect(labelNames(await scrape(t.services), "http_request_duration_seconds_bucket")).toEqual([
    "le service method route status",
  ]);
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
  const samples = await scrape(t.services);
  expect(oneValue(samples, "berth_outbox_depth")).toBe(2);
  expect(oneValue(samples, "berth_outbox_oldest_age_seconds")).toBeGreaterThanOrEqual(600);
  await t.rows("tenant", "update outbox set done_at = now() where done_at is null");
  expect(oneValue(await scrape(t.services), "berth_outbox_depth")).toBe(0);
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
      ...["drift", "outbox", "queue", "stacks", "tenants"],
    ]);
  });
});
