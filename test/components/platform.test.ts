import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import { prometheusConf } from "../../components/platform/prometheus-config.ts";
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
    image: "berth/traefik:3.7",
    httpPort: 8888,
    adminPort: 8899,
    api: { host: "api.localhost", ports: { user: 8000, tenant: 8000 } },
    configFile: file("/data/platform/traefik.yml"),
  },
  tools: {
    grafana: {
      image: "berth/grafana:12",
      port: 3001,
      passwordFile: file("/data/secrets/tools-password"),
      prometheusPort: 9099,
      dashboards: [{ name: "fleet.json", ...file("/berth/monitoring/dashboards/json/fleet.json") }],
    },
    pgadmin: {
      image: "berth/pgadmin:9",
      port: 5051,
      email: "berth@berth.example",
      passwordFile: file("/data/secrets/tools-password"),
      servers: [{ name: "unit", host: "127.0.0.1", port: 5544, login: "pgadmin" }],
      pgpassFile: file("/data/platform/pgadmin-pgpass"),
    },
    mailpit: {
      image: "berth/mailpit:1",
      port: 8026,
      smtpPort: 1026,
      authFile: file("/data/platform/mailpit-auth"),
    },
    prometheus: {
      image: "berth/prometheus:2",
      port: 9099,
      scrapeSeconds: 15,
      alertmanager: "10.0.0.7:9093",
      jobs: {
        services: [{ port: 8000, labels: { service: "all" } }],
        traefik: [{ port: 8899 }],
        mailpit: [{ port: 8026 }],
      },
      alerts: [{ name: "work.yml", ...file("/berth/monitoring/alerts/work.yml") }],
      passwordFile: file("/data/secrets/tools-password"),
      exporters: {
        postgres: {
          image: "berth/postgres-exporter:0",
          port: 9188,
          server: "127.0.0.1:5544",
          login: "monitor",
          passwordFile: file("/data/secrets/monitor-password"),
        },
        redis: {
          image: "berth/redis-exporter:1",
          port: 9122,
          redisPort: 6644,
          passwordsFile: file("/data/platform/redis-exporter.json"),
        },
        node: { image: "berth/node-exporter:1", port: 9101, engineRoot: "/srv/docker.data" },
      },
    },
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

test("it is made of what tenants need and of the tools that are named", () => {
  const engine = made.filter(({ type }) => type.startsWith("docker:"));
  expect(engine.map(({ type, inputs }) => `${type.split("/")[0]} ${inputs.name}`).sort()).toEqual([
    "docker:index berth-unit-grafana",
    "docker:index berth-unit-grafana-data",
    "docker:index berth-unit-mailpit",
    "docker:index berth-unit-mailpit-data",
    "docker:index berth-unit-node-exporter",
    "docker:index berth-unit-pgadmin",
    "docker:index berth-unit-pgadmin-data",
    "docker:index berth-unit-postgres",
    "docker:index berth-unit-postgres-data",
    "docker:index berth-unit-postgres-exporter",
    "docker:index berth-unit-prometheus",
    "docker:index berth-unit-prometheus-data",
    "docker:index berth-unit-redis",
    "docker:index berth-unit-redis-data",
    "docker:index berth-unit-redis-exporter",
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
  const containers = made.filter(({ type }) => type.startsWith("docker:index/container:"));
  for (const { name, inputs } of containers) {
    expect(inputs, name).toMatchObject({
      networkMode: "host",
      restart: "unless-stopped",
      securityOpts: ["no-new-privileges:true"],
      capabilities: { drops: ["ALL"] },
      logOpts: { "max-size": "10m", "max-file": "3" },
    });
    // Those images have no program that could ask.
    if (!/^exporters-/.test(name))
      expect(inputs.healthcheck, name).toMatchObject({ tests: expect.any(Array), retries: 3 });
    expect(inputs.ports, name).toBeUndefined();
    expect(inputs.privileged, name).toBeUndefined();
  }
  expect(inputsOf("traefik-container")).toMatchObject({ capabilities: { adds: ["CAP_NET_BIND_SERVICE"] } });
});

test("Traefik leads to the control plane by its host name, at its bare address too, and to nothing of it besides", () => {
  const { http } = JSON.parse(upload("traefik-container", "/etc/berth/pages.yml")?.content ?? "");
  const rules = Object.entries<{ rule: string; service: string }>(http.routers).map(
    ([name, { rule, service }]) => [name, rule, service],
  );
  expect(rules).toEqual([
    ["api-user", "Host(`api.localhost`) && PathPrefix(`/user/`)", "api-user"],
    ["api-tenant", "Host(`api.localhost`) && PathPrefix(`/tenant/`)", "api-tenant"],
    ["api-front", "Host(`api.localhost`) && Path(`/`)", "api-user"],
    ["unknown-host", "PathPrefix(`/`)", "noop@internal"],
  ]);
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
  for (const [name, path, source] of [
    ["prometheus-container", "/run/berth/tools-password", "/data/secrets/tools-password"],
    ["exporters-postgres-container", "/run/berth/monitor-password", "/data/secrets/monitor-password"],
    ["exporters-redis-container", "/run/berth/redis-passwords.json", "/data/platform/redis-exporter.json"],
  ] as const)
    expect(secret(name, path)).toMatchObject({ source, permissions: "0400", owner: "65534" });
  for (const { name, inputs } of made) {
    for (const one of (inputs.uploads ?? []) as Upload[])
      expect(one.content === undefined, `${name} ${one.file}`).toBe(one.source !== undefined);
  }
  expect(inputsOf("redis-container").command).toEqual(["redis-server", "/etc/berth/redis.conf"]);
});

test("tools listen on this machine's own address only, as nobody, and change nothing of it", () => {
  const tools = made.filter(({ name }) => /^(prometheus|exporters)-.*container$/.test(name));
  expect(tools).toHaveLength(4);
  for (const { name, inputs } of tools) {
    const listens = (inputs.command as string[]).filter((text) => /listen-address=/.test(text));
    expect(
      listens.map((text) => text.split("=")[1]),
      name,
    ).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
    expect(inputs).toMatchObject({ user: "65534", capabilities: { adds: [] } });
    for (const volume of (inputs.volumes ?? []) as Array<{ hostPath?: string; readOnly?: boolean }>)
      expect(volume.hostPath === undefined || volume.readOnly, name).toBe(true);
  }
  expect(inputsOf("prometheus-container").command).not.toContainEqual(
    expect.stringMatching(/web\.enable|remote-write/),
  );
  expect(inputsOf("exporters-postgres-container").envs).toEqual([
    "DATA_SOURCE_URI=127.0.0.1:5544/postgres?sslmode=disable",
    "DATA_SOURCE_USER=monitor",
    "DATA_SOURCE_PASS_FILE=/run/berth/monitor-password",
  ]);
});

test("disks are told of wherever the engine is, and what it mounts for containers is not", () => {
  const { command, volumes } = inputsOf("exporters-node-container") as {
    command: string[];
    volumes: unknown[];
  };
  expect(volumes).toEqual([{ hostPath: "/", containerPath: "/host", readOnly: true }]);
  const flag = "--collector.filesystem.mount-points-exclude=";
  const excluded = new RegExp(command.find((text) => text.startsWith(flag))?.slice(flag.length) ?? "");
  const root = "/srv/docker.data";
  const disks = [
    "/",
    "/srv",
    "/etcetera",
    root,
    `${root}/volumes`,
    `${root}/overlay2`,
    "/srv/dockerXdata/volumes/x",
  ];
  for (const disk of disks) expect(excluded.test(disk), disk).toBe(false);
  for (const other of [
    ...["/etc/hosts", "/run/lock", "/sys", `${root}/overlay2/0a9b/merged`, `${root}/containers/1/mounts/shm`],
    ...[`${root}/volumes/berth-dev-postgres-data/_data`, `${root}/buildkit/executor/1`],
  ])
    expect(excluded.test(other), other).toBe(true);
});

test("Mailpit listens on 127.0.0.1, lets in who has the password, and keeps so many mails", () => {
  const { command, capabilities } = inputsOf("mailpit-container") as {
    command: string[];
    capabilities: { adds: string[] };
  };
  const after = (flag: string) => command[command.indexOf(flag) + 1];
  expect([after("--listen"), after("--smtp")]).toEqual(["127.0.0.1:8026", "127.0.0.1:1026"]);
  expect(capabilities.adds).toEqual([]);
  expect(after("--max")).toBe("5000");
  expect(upload("mailpit-container", after("--ui-auth-file") ?? "")).toMatchObject({
    source: "/data/platform/mailpit-auth",
    permissions: "0400",
  });
});

test("pgAdmin has its servers from the start, and every password by file", () => {
  const { command, envs, user } = inputsOf("pgadmin-container") as Record<string, unknown>;
  expect(command).toEqual(["/etc/berth/start.py", "berth@berth.example", "127.0.0.1:5051"]);
  expect([envs, user]).toEqual([["HOME=/var/lib/pgadmin"], "0"]);
  expect(
    JSON.parse(upload("pgadmin-container", "/etc/berth/servers.json")?.content ?? "").Servers,
  ).toMatchObject({
    1: { Name: "unit", Host: "127.0.0.1", Port: 5544, Username: "pgadmin" },
  });
  for (const path of ["/run/berth/tools-password", "/run/berth/pgpass"])
    expect(upload("pgadmin-container", path)).toMatchObject({ permissions: "0400" });
});

test("Grafana has its data source and dashboards from the start, its password by file, and tells nobody of itself", () => {
  const { envs, command, capabilities } = inputsOf("grafana-container") as Record<string, unknown>;
  expect(command).toBeUndefined();
  expect(capabilities).toEqual({ drops: ["ALL"], adds: [] });
  expect(envs).toEqual(
    expect.arrayContaining([
      "GF_SERVER_HTTP_ADDR=127.0.0.1",
      "GF_SERVER_HTTP_PORT=3001",
      "GF_SECURITY_ADMIN_PASSWORD__FILE=/run/berth/tools-password",
      "GF_AUTH_ANONYMOUS_ENABLED=false",
      "GF_ANALYTICS_REPORTING_ENABLED=false",
      "GF_ANALYTICS_CHECK_FOR_UPDATES=false",
    ]),
  );
  const [source] = JSON.parse(
    upload("grafana-container", "/etc/berth/grafana/datasources/berth.yml")?.content ?? "",
  ).datasources;
  expect(source).toMatchObject({ type: "prometheus", url: "http://127.0.0.1:9099", isDefault: true });
  expect(upload("grafana-container", "/etc/berth/dashboards/fleet.json")?.source).toBe(
    "/berth/monitoring/dashboards/json/fleet.json",
  );
  expect(upload("grafana-container", "/run/berth/tools-password")).toMatchObject({
    source: "/data/secrets/tools-password",
    permissions: "0400",
  });
});

test("Prometheus reads each job where it is, and of Traefik nothing of single tenants", () => {
  const conf = JSON.parse(upload("prometheus-container", "/etc/berth/prometheus.yml")?.content ?? "");
  expect(conf.global).toEqual({
    ...{ scrape_interval: "15s", scrape_timeout: "10s", evaluation_interval: "15s" },
    external_labels: { environment: "unit" },
  });
  expect(conf.rule_files).toEqual(["/etc/berth/alerts/*.yml"]);
  expect(upload("prometheus-container", "/etc/berth/alerts/work.yml")?.source).toBe(
    "/berth/monitoring/alerts/work.yml",
  );
  expect(conf.alerting).toEqual({
    alertmanagers: [{ static_configs: [{ targets: ["10.0.0.7:9093"] }] }],
  });
  expect(JSON.parse(prometheusConf({ env: "unit", scrapeSeconds: 15, jobs: {} })).alerting).toBeUndefined();
  const [services, traefik, mailpit] = conf.scrape_configs;
  expect(services).toEqual({
    job_name: "services",
    static_configs: [{ targets: ["127.0.0.1:8000"], labels: { service: "all" } }],
    honor_labels: true,
  });
  const [{ regex, action }] = traefik.metric_relabel_configs;
  expect(action).toBe("drop");
  expect(
    ["berth-ten_1-production@redis", "api-user@file"].map((name) => new RegExp(`^(${regex})$`).test(name)),
  ).toEqual([true, false]);
  expect(mailpit.basic_auth).toEqual({ username: "berth", password_file: "/run/berth/tools-password" });
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
