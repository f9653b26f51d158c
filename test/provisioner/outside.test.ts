import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../control-plane/until.ts";
import {
  asLogin,
  everything,
  found,
  keptLog,
  nothing,
  openRecord,
  provisioner,
  run,
  settings,
  type TestRecord,
} from "./support.ts";

const [postgres, redis] = ["postgres", "redis"].map((name) => `berth-${settings.env}-${name}`) as [
  string,
  string,
];
const { log, text: logged } = keptLog();
let record: TestRecord;
let running: Awaited<ReturnType<typeof provisioner>>;
beforeAll(async () => {
  record = await openRecord();
  running = await provisioner({ outsideMs: 8_000 }, { log });
});
afterAll(async () => {
  await run("docker", ["start", postgres, redis]);
  await running?.stop();
  await record?.close();
  // Whatever went away above, no connection is left that nobody closes.
  expect(logged()).not.toContain("did not end in time");
});

const postgresAnswers = () =>
  until(async () => asLogin("provisioner", "postgres", () => Promise.resolve(true)).catch(() => false), {
    what: "PostgreSQL",
    deadlineMs: 30_000,
    everyMs: 100,
  });

test("with Redis stopped before a create the operation waits for it, and people see so", async () => {
  await run("docker", ["stop", "-t", "1", redis]);
  const tenant = await record.want("no-redis");
  expect((await record.stepBegun(tenant.operation, /wait for Redis/)).name).toBe("wait for Redis");
  await run("docker", ["start", redis]);
  expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded" });
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
});

test("when Redis stays away the create fails with a reason and says what it left, and the removal takes that away", async () => {
  await run("docker", ["stop", "-t", "1", redis]);
  const tenant = await record.want("never-redis");
  const ended = await record.ended(tenant.operation);
  expect(ended).toMatchObject({ status: "failed", error: { code: "outside_unavailable" } });
  expect(ended.error?.message).toMatch(/Redis did not answer/);
  expect(ended.error?.message).toMatch(/still there: try again, or delete the tenant/);
  expect(await found(tenant)).not.toEqual(nothing);
  await run("docker", ["start", redis]);
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
  expect(await found(tenant)).toEqual(nothing);
});

test("Redis stopped in the middle of a create: it waits for it, and people see so, and is finished", async () => {
  const tenant = await record.want("redis-middle");
  await record.stepBegun(tenant.operation, /^role$/);
  await run("docker", ["stop", "-t", "0", redis]);
  await record.stepBegun(tenant.operation, /wait for Redis/);
  await run("docker", ["start", redis]);
  expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded" });
  expect(await found(tenant)).toEqual(everything);
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
  expect(await found(tenant)).toEqual(nothing);
});

test("PostgreSQL restarted in the middle of a create: it is finished", async () => {
  const tenant = await record.want("pg-restart");
  await record.stepBegun(tenant.operation, /^container$/);
  await run("docker", ["restart", "-t", "0", postgres]);
  await postgresAnswers();
  expect(await record.ended(tenant.operation), logged()).toMatchObject({ status: "succeeded" });
  expect(await found(tenant)).toEqual(everything);
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
  expect(await found(tenant)).toEqual(nothing);
});

test("PostgreSQL away for longer than a lease: whoever comes next finishes it", async () => {
  const tenant = await record.want("pg-away");
  await record.stepBegun(tenant.operation, /^role$/);
  await run("docker", ["stop", "-t", "0", postgres]);
  await new Promise((resolve) => setTimeout(resolve, 13_000));
  await run("docker", ["start", postgres]);
  await postgresAnswers();
  expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded" });
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
});
