export { Exporters, redisAddress } from "./exporters.ts";
export { TenantsNetwork } from "./network.ts";
export { Postgres } from "./postgres.ts";
export { Prometheus } from "./prometheus.ts";
export { prometheusConf } from "./prometheus-config.ts";
export { Redis, redisConf } from "./redis.ts";
export { routesRoot } from "./routes-root.ts";
export { Traefik } from "./traefik.ts";
export { entryPoint, traefikConf } from "./traefik-config.ts";
