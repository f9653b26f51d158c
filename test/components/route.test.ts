import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { withRedis } from "../../components/provider/redis.ts";
import type { Resource } from "../../components/provider/resource.ts";
import { type RouteState, route } from "../../components/provider/route/resource.ts";
import { type RouteRecord, traefikKeys } from "../../components/provider/traefik-keys.ts";
import { cloneDatabases, prepareTemplates, type TestDatabases } from "../support/postgres.ts";
import { type Postgres, type Redis, startPostgres, startRedis } from "./servers.ts";

let postgres: Postgres;
let redis: Redis;
let databases: TestDatabases;
let resource: Resource<RouteRecord, RouteState>;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  await prepareTemplates(postgres.server);
  databases = await cloneDatabases(postgres.server);
  resource = route(postgres.as("router", databases.names.instance), redis.traefik);
});
afterAll(async () => {
  await Promise.all([postgres.remove(), redis.remove()]);
});

let inputs: RouteRecord;
beforeEach(() => {
  const id = randomBytes(4).toString("hex");
  inputs = {
    tenant: `ten_${id}`,
    instance: "production",
    hosts: [`${id}.localhost`],
    target: "http://10.0.0.1:8069",
    entryPoint: "web",
  };
});

const keys = (pattern: string) =>
  withRedis(redis.traefik, async (client) => {
    const names = await client.keys(pattern);
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await client.get(name)])));
  });
const all = () => keys(`traefik/*${inputs.tenant}*`);
const claims = () =>
  postgres.server.sql(
    "SELECT host FROM routing.hosts WHERE tenant = $1",
    [inputs.tenant],
    databases.names.instance,
  );
const routers = () =>
  postgres.server.sql(
    "SELECT instance, target, hosts FROM routing.routers WHERE tenant = $1",
    [inputs.tenant],
    databases.names.instance,
  );

describe("a route", () => {
  test("is written down, then told to Traefik", async () => {
    const { id, state } = await resource.create(inputs);
    expect(id).toBe(`${inputs.tenant}-production`);
    expect(await all()).toEqual(traefikKeys(inputs));
    expect(state.keys).toEqual(traefikKeys(inputs));
    expect(await claims()).toEqual([{ host: inputs.hosts[0] }]);
    expect(await routers()).toEqual([{ instance: "production", target: inputs.target, hosts: inputs.hosts }]);
  });

  test("may be made again after a kill", async () => {
    await resource.create(inputs);
    expect((await resource.create(inputs)).state.keys).toEqual(traefikKeys(inputs));
  });

  test("changes in place, and leaves nothing of before", async () => {
    const { id, state } = await resource.create(inputs);
    const more = { ...inputs, hosts: [`new-${inputs.hosts[0]}`], target: "http://10.0.0.2:8069" };
    expect(resource.diff(state, more)).toEqual({ changes: true, replaces: [] });
    await resource.update(id, state, more);
    expect(await all()).toEqual(traefikKeys(more));
    expect(await claims()).toEqual([{ host: more.hosts[0] }]);
  });

  test("of another instance is another route", async () => {
    const { state } = await resource.create(inputs);
    expect(resource.diff(state, { ...inputs, instance: "staging" }).replaces).toEqual(["instance"]);
  });

  test("that is removed leaves nothing, and may be removed again", async () => {
    const { id, state } = await resource.create(inputs);
    const neighbour = { ...inputs, instance: "production-2", hosts: [`n-${inputs.hosts[0]}`] };
    await resource.create(neighbour);
    await resource.remove(id, state);
    await resource.remove(id, state);
    expect(await all()).toEqual(traefikKeys(neighbour));
    expect(await claims()).toEqual([{ host: neighbour.hosts[0] }]);
  });
});

describe("whose host it is", () => {
  test("is refused to another tenant, before and while it is made", async () => {
    await resource.create(inputs);
    const other = { ...inputs, tenant: `${inputs.tenant}_other` };
    const [failure] = await resource.check(other);
    expect(failure?.reason).toBe(
      `The host ${inputs.hosts[0]} belongs to another tenant. Choose another one.`,
    );
    await expect(resource.create(other)).rejects.toThrow("belongs to another tenant");
    expect(await all()).toEqual(traefikKeys(inputs));
    expect(await resource.check(inputs)).toEqual([]);
  });

  test("is refused to another instance of the tenant", async () => {
    await resource.create(inputs);
    const [failure] = await resource.check({ ...inputs, instance: "staging" });
    expect(failure?.reason).toContain("another instance of this tenant");
  });

  test("is settled when two want it at once: one wins", async () => {
    const rivals = ["a", "b", "c", "d"].map((letter) => ({
      ...inputs,
      tenant: `${inputs.tenant}_${letter}`,
    }));
    const ends = await Promise.allSettled(rivals.map((rival) => resource.create(rival)));
    expect(ends.filter((end) => end.status === "fulfilled")).toHaveLength(1);
    const rules = Object.keys(await all()).filter((key) => key.endsWith("/rule"));
    expect(rules).toHaveLength(1);
  });

  test("is free again once the route is gone", async () => {
    const { id, state } = await resource.create(inputs);
    await resource.remove(id, state);
    const other = { ...inputs, tenant: `${inputs.tenant}_other` };
    expect(await resource.check(other)).toEqual([]);
    await resource.create(other);
  });
});

describe("drift", () => {
  const rule = () => `traefik/http/routers/${inputs.tenant}-production/rule`;
  const server = () => `traefik/http/services/${inputs.tenant}-production/loadBalancer/servers`;
  const drifts: Array<[string, () => Promise<unknown>]> = [
    ["a changed key", () => withRedis(redis.traefik, (client) => client.set(rule(), "Host(`evil`)"))],
    ["a lost key", () => withRedis(redis.traefik, (client) => client.del(rule()))],
    [
      "a second server",
      () => withRedis(redis.traefik, (client) => client.set(`${server()}/1/url`, "http://evil")),
    ],
    [
      "a lost claim",
      () =>
        postgres.server.sql(
          "DELETE FROM routing.hosts WHERE tenant = $1",
          [inputs.tenant],
          databases.names.instance,
        ),
    ],
  ];
  test.each(drifts)("%s is seen and mended", async (_what, drift) => {
    const { id, state } = await resource.create(inputs);
    expect(await resource.read(id, state)).toEqual(state);
    expect(resource.diff(state, inputs).changes).toBe(false);
    await drift();
    const drifted = await resource.read(id, state);
    expect(drifted).toBeDefined();
    expect(resource.diff(drifted ?? state, inputs).changes).toBe(true);
    await resource.update(id, drifted ?? state, inputs);
    expect(await resource.read(id, state)).toEqual(state);
  });

  test("is total when neither record knows it", async () => {
    const { id, state } = await resource.create(inputs);
    await resource.remove(id, state);
    expect(await resource.read(id, state)).toBeUndefined();
  });
});

test("what is no route is told by property", async () => {
  const failures = await resource.check({ ...inputs, hosts: ["Not a host", "`)"], target: "ftp://x" });
  expect(failures.map(({ property }) => property)).toEqual(["hosts", "hosts", "target"]);
  expect((await resource.check({ ...inputs, hosts: [] }))[0]?.reason).toBe(
    "A route needs at least one host.",
  );
});

test("a host that is given up stays this tenant's until Traefik has forgotten that it led here", async () => {
  const { id, state } = await resource.create(inputs);
  const other = { ...inputs, tenant: `${inputs.tenant}_other` };
  const without = { ...inputs, hosts: [`new-${inputs.hosts[0]}`] };
  await redis.stop();
  await expect(resource.update(id, state, without)).rejects.toThrow(/did not answer/);
  await redis.start();
  await expect(resource.create(other)).rejects.toThrow("belongs to another tenant");
  await resource.update(id, state, without);
  expect(await all()).toEqual(traefikKeys(without));
  await resource.create(other);
});

test("a Redis that is away is told, and the route is made once it is back", async () => {
  await redis.stop();
  await expect(resource.create(inputs)).rejects.toThrow(/Redis at 127\.0\.0\.1:\d+ did not answer/);
  await redis.start();
  await resource.create(inputs);
  expect(await all()).toEqual(traefikKeys(inputs));
});
