export { TenantsNetwork } from "./network.ts";
export { Postgres } from "./postgres.ts";
export { Redis, redisConf } from "./redis.ts";
export { routesRoot } from "./routes-root.ts";
export { Traefik } from "./traefik.ts";
export { entryPoint, traefikConf } from "./traefik-config.ts";
