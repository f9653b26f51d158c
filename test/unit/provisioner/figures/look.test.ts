import { expect, test } from "vitest";
import {
  lookAtTenants,
  type SourceName,
  type TenantSources,
} from "../../../../control-plane/provisioner/figures/tenants/look.ts";

const instances = [
  { tenantId: "ten_a", instance: "production", address: "10.0.0.2" },
  { tenantId: "ten_b", instance: "production", address: "10.0.0.3" },
  { tenantId: "ten_b", instance: "staging-2", address: "10.0.0.4" },
  { tenantId: "ten_c", instance: "production", address: "10.0.0.5" },
];
const usage = { cpuSeconds: 1.5, memoryBytes: 10, memoryLimitBytes: 20 };
const nothing = { cpuSeconds: 0, memoryBytes: 0, memoryLimitBytes: 0 };

/** a and the second of b are well, the first of b is stopped, c's container is gone. */
function sources(asked: string[] = []): TenantSources {
  return {
    containers: async () =>
      new Map([
        ["berth-dev-ten_a-production", { running: true, usage }],
        ["berth-dev-ten_b-production", { running: false, usage: nothing }],
        ["berth-dev-ten_b-staging-2", { running: true, usage: undefined }],
      ]),
    async answers(address) {
      asked.push(address);
      return address === "10.0.0.2";
    },
    databases: async () => ({
      connections: new Map([["ten_a_production", 4]]),
      bytes: new Map([["ten_a_production", 30_000_000]]),
    }),
    files: () => new Map([["berth-dev-ten_b-staging-2-files", 4096]]),
    traffic: async () =>
      new Map([
        [
          "ten_b-staging-2",
          { requests: { "2xx": 1, "3xx": 2, "4xx": 3, "5xx": 4 }, seconds: 2.5, count: 10 },
        ],
      ]),
  };
}
const none = { requests2xx: 0, requests3xx: 0, requests4xx: 0, requests5xx: 0 };
const quiet = { ...none, requestSeconds: 0, requestCount: 0 };

test("what the sources tell is put together, by the names that an instance has for each", async () => {
  const asked: string[] = [];
  const figures = await lookAtTenants("dev", instances, sources(asked), () => undefined);
  expect(figures).toEqual([
    {
      ...{ tenantId: "ten_a", instance: "production", up: true, ...usage, ...quiet },
      ...{ connections: 4, databaseBytes: 30_000_000, filesBytes: null },
    },
    {
      ...{ tenantId: "ten_b", instance: "production", up: false, ...nothing, ...quiet },
      ...{ connections: 0, databaseBytes: null, filesBytes: null },
    },
    {
      ...{ tenantId: "ten_b", instance: "staging-2", up: false },
      ...{ cpuSeconds: null, memoryBytes: null, memoryLimitBytes: null },
      ...{ connections: 0, databaseBytes: null, filesBytes: 4096 },
      ...{ requests2xx: 1, requests3xx: 2, requests4xx: 3, requests5xx: 4 },
      ...{ requestSeconds: 2.5, requestCount: 10 },
    },
    {
      ...{ tenantId: "ten_c", instance: "production", up: false, ...quiet },
      ...{ cpuSeconds: null, memoryBytes: null, memoryLimitBytes: null },
      ...{ connections: 0, databaseBytes: null, filesBytes: null },
    },
  ]);
  // Of a container that does not run the address may be another's soon.
  expect(asked.toSorted()).toEqual(["10.0.0.2", "10.0.0.4"]);
});

test.each<[SourceName, string[]]>([
  ["containers", ["cpuSeconds", "memoryBytes", "memoryLimitBytes"]],
  ["databases", ["connections", "databaseBytes"]],
  ["traffic", [...Object.keys(none), "requestSeconds", "requestCount"]],
])("a source that is away is told of, and takes its own figures only: %s", async (source, missing) => {
  const told = new Map<SourceName, unknown>();
  const away = new Error("It is away.");
  const all = { ...sources(), [source]: () => Promise.reject(away) };
  const [first] = await lookAtTenants("dev", instances, all, (name, error) => told.set(name, error));
  expect(told.get(source)).toBe(away);
  expect([...told].filter(([, error]) => error !== undefined)).toHaveLength(1);
  for (const [name, value] of Object.entries(first ?? {}))
    expect(value === null, name).toBe(missing.includes(name) || name === "filesBytes");
  // The engine's being away says nothing of tenants, who are asked themselves.
  expect(first?.up).toBe(true);
});
