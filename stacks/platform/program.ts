import {
  Exporters,
  entryPoint,
  Grafana,
  Mailpit,
  Pgadmin,
  Postgres,
  Prometheus,
  prometheusConf,
  Redis,
  TenantsNetwork,
  Traefik,
} from "../../components/platform/index.ts";
import type { PlatformConfig } from "./contract.ts";

/** The platform of one environment; gives the stack's outputs (see `platformStackOutputs`). */
export function program(config: PlatformConfig) {
  const { env, network, postgres, redis, traefik } = config;
  const tenants = new TenantsNetwork("tenants", { env, ...network });
  const database = new Postgres(
    "postgres",
    {
      env,
      image: postgres.image,
      uid: postgres.uid,
      gid: postgres.gid,
      socketFolder: postgres.socketFolder,
      passwordFile: postgres.passwordFile.path,
      passwordHash: postgres.passwordFile.sha256,
      config: {
        port: postgres.port,
        listen: [network.gateway],
        tenantSubnet: network.subnet,
        controlLogins: postgres.controlLogins,
        sharedBuffersMb: postgres.sharedBuffersMb,
        maxConnections: postgres.maxConnections,
      },
    },
    // PostgreSQL listens on the network's gateway, which is there only once the network is.
    { dependsOn: tenants },
  );
  const routes = new Redis("redis", {
    env,
    image: redis.image,
    uid: redis.uid,
    gid: redis.gid,
    port: redis.port,
    configFile: redis.configFile.path,
    configHash: redis.configFile.sha256,
  });
  const proxy = new Traefik("traefik", {
    env,
    image: traefik.image,
    adminPort: traefik.adminPort,
    api: traefik.api,
    configFile: traefik.configFile.path,
    configHash: traefik.configFile.sha256,
  });
  makeTools(env, config.tools);
  return {
    network: { name: tenants.network, bridge: tenants.bridge, ...network },
    postgres: { container: database.container, host: network.gateway, port: postgres.port },
    redis: { container: routes.container, port: redis.port },
    traefik: { container: proxy.container, httpPort: traefik.httpPort, entryPoint },
    tools: Object.fromEntries(Object.entries(config.tools).map(([name, { port }]) => [name, port])),
  };
}

function makeTools(env: string, { prometheus, mailpit, pgadmin, grafana }: PlatformConfig["tools"]): void {
  if (prometheus) {
    const { exporters, scrapeSeconds, jobs, alertmanager, ...args } = prometheus;
    const config = prometheusConf({ env, scrapeSeconds, jobs, alertmanager });
    new Prometheus("prometheus", { env, ...args, config });
    new Exporters("exporters", { env, ...exporters });
  }
  if (grafana) new Grafana("grafana", { env, ...grafana });
  if (pgadmin) new Pgadmin("pgadmin", { env, ...pgadmin });
  if (mailpit) new Mailpit("mailpit", { env, ...mailpit });
}
