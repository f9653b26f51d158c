import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import type { PlatformConfig } from "../../stacks/platform/contract.ts";
import { parse } from "../../stacks/platform/contract.ts";

interface Made {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}
const made: Made[] = [];

const file = (path: string) => ({ path, sha256: "0".repeat(64) });
const config: PlatformConfig = {
  version: 1,
  env: "unit",
  network: { subnet: "10.99.0.0/20", gateway: "10.99.0.1" },
  postgres: {
    image: "berth/postgres:17",
    uid: "999",
    gid: "998",
    port: 5544,
    controlLogins: ["provisioner", "router"],
    sharedBuffersMb: 256,
    maxConnections: 500,
    socketFolder: "/data/run/postgres",
    passwordFile: file("/data/secrets/postgres-password"),
  },
  redis: {
    image: "berth/redis:8",
    uid: "997",
    gid: "996",
    port: 6644,
    configFile: file("/data/platform/redis.conf"),
  },
  traefik: {
    image: "berth/traefik:3.6",
    httpPort: 8888,
    adminPort: 8899,
    api: { host: "api.localhost", ports: { user: 8000, tenant: 8000 } },
    configFile: file("/data/platform/traefik.yml"),
  },
};

beforeAll(async () => {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        made.push({ type, name, inputs });
        return { id: `${name}-id`, state: inputs };
      },
      call: ({ inputs }) => inputs,
    },
    "berth-platform",
    "unit",
  );
  const { program } = await import("../../stacks/platform/program.ts");
  await pulumi.runtime.runInPulumiStack(async () => program(config));
});

const inputsOf = (name: string) => {
  const one = made.find((resource) => resource.name === name);
  if (!one)
    throw new Error(`"${name}" was not made; there is ${made.map((resource) => resource.name).join(", ")}.`);
  return one.inputs;
};
interface Upload {
  file: string;
  content?: string;
  source?: string;
  permissions: string;
  owner?: string;
}
const uploads = (name: string) => inputsOf(name).uploads as Upload[];
const upload = (name: string, path: string) => uploads(name).find((one) => one.file === path);

test("it is made of three containers, two volumes and a network", () => {
  const engine = made.filter(({ type }) => type.startsWith("docker:"));
  expect(engine.map(({ type, inputs }) => `${type.split("/")[0]} ${inputs.name}`).sort()).toEqual([
    "docker:index berth-unit-postgres",
    "docker:index berth-unit-postgres-data",
    "docker:index berth-unit-redis",
    "docker:index berth-unit-redis-data",
    "docker:index berth-unit-tenants",
    "docker:index berth-unit-traefik",
  ]);
  for (const { inputs } of engine) expect(inputs.labels).toEqual([{ label: "berth.env", value: "unit" }]);
});

test("on the tenants' network containers cannot reach each other", () => {
  expect(inputsOf("tenants-network")).toMatchObject({
    driver: "bridge",
    ipamConfigs: [{ subnet: "10.99.0.0/20", gateway: "10.99.0.1" }],
    options: {
      "com.docker.network.bridge.name": "br-unit",
      "com.docker.network.bridge.enable_icc": "false",
      "com.docker.network.bridge.enable_ip_masquerade": "true",
    },
  });
});

test("every container is on the host's network, with few rights, a bounded log and a health check", () => {
  for (const part of ["postgres", "redis", "traefik"]) {
    expect(inputsOf(`${part}-container`)).toMatchObject({
      networkMode: "host",
      restart: "unless-stopped",
      securityOpts: ["no-new-privileges:true"],
      capabilities: { drops: ["ALL"] },
      logOpts: { "max-size": "10m", "max-file": "3" },
      healthcheck: { tests: expect.any(Array), retries: 3 },
    });
    expect(inputsOf(`${part}-container`).ports).toBeUndefined();
    expect(inputsOf(`${part}-container`).privileged).toBeUndefined();
  }
  expect(inputsOf("traefik-container")).toMatchObject({ capabilities: { adds: ["CAP_NET_BIND_SERVICE"] } });
});

test("PostgreSQL listens where it must and nowhere else, and lets in who may", () => {
  const conf = upload("postgres-container", "/etc/berth/postgresql.conf")?.content;
  expect(conf).toContain("listen_addresses = '127.0.0.1,10.99.0.1'\nport = 5544\n");
  expect(conf).toContain("unix_socket_directories = '/var/run/postgresql,/run/berth/socket'\n");
  expect(inputsOf("postgres-container").volumes).toContainEqual({
    hostPath: "/data/run/postgres",
    containerPath: "/run/berth/socket",
  });
  expect(conf).not.toMatch(/fsync|full_page_writes|synchronous_commit/);
  expect(upload("postgres-container", "/etc/berth/pg_hba.conf")?.content).toBe(
    [
      "local\tall\tpostgres\tpeer",
      "local\tall\tpostgres,provisioner,router\tscram-sha-256",
      "host\tall\tpostgres,provisioner,router\t127.0.0.1/32\tscram-sha-256",
      "host\tall\tpostgres,provisioner,router\tall\treject",
      "host\tsameuser\tall\t10.99.0.0/20\tscram-sha-256",
      "host\tsameuser\tall\t127.0.0.1/32\tscram-sha-256",
      "host\tall\tall\tall\treject",
      "",
    ].join("\n"),
  );
});

test("secrets come by file, readable by the service's own user only", () => {
  const secret = (name: string, path: string) => upload(name, path);
  expect(secret("postgres-container", "/run/berth/postgres-password")).toMatchObject({
    source: "/data/secrets/postgres-password",
    permissions: "0400",
    owner: "999",
  });
  expect(secret("redis-container", "/etc/berth/redis.conf")).toMatchObject({
    source: "/data/platform/redis.conf",
    permissions: "0400",
    owner: "997",
  });
  expect(secret("traefik-container", "/etc/berth/traefik.yml")).toMatchObject({
    source: "/data/platform/traefik.yml",
    permissions: "0400",
  });
  for (const name of ["postgres-container", "redis-container", "traefik-container"]) {
    for (const one of uploads(name))
      expect(one.content === undefined, one.file).toBe(one.source !== undefined);
  }
  expect(inputsOf("redis-container").command).toEqual(["redis-server", "/etc/berth/redis.conf"]);
});

test("data are in volumes that outlive the stack", () => {
  expect(inputsOf("postgres-container").volumes).toEqual([
    { volumeName: "berth-unit-postgres-data", containerPath: "/var/lib/postgresql/data" },
    { hostPath: "/data/run/postgres", containerPath: "/run/berth/socket" },
  ]);
  expect(inputsOf("redis-container").volumes).toEqual([
    { volumeName: "berth-unit-redis-data", containerPath: "/data" },
  ]);
});

test("a config that does not fit is refused field by field", () => {
  expect(() => parse({ ...config, env: "Nope", redis: { ...config.redis, port: 0 } })).toThrow(
    /^The stack's config "berth-platform:platform" does not fit: env: is not an environment name; redis\.port: /,
  );
});
