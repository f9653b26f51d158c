export interface TraefikConfig {
  /** Public port, on all addresses. */
  httpPort: number;
  /** Ping, API and figures, on 127.0.0.1. */
  adminPort: number;
  /** Addresses or networks of the operator's proxies before Traefik. */
  proxies: string[];
  redisPort: number;
  redisPassword: string;
}

/** Name of the entry point that routes use. */
export const entryPoint = "web";

/** Odoo does not tell `X_Real_Ip` from `X-Real-Ip`, which Traefik sets: a client's header of such a name does not pass. */
const aliasHeadersStrategy = "delete";

/** Text of Traefik's static configuration (JSON is YAML). It holds Redis' password. */
export function traefikConf(config: TraefikConfig): string {
  return JSON.stringify(
    {
      global: { checkNewVersion: false, sendAnonymousUsage: false },
      log: { level: "WARN", format: "json" },
      accessLog: {
        format: "json",
        fields: {
          // With it come queries, which hold what a link is good for: a new password, in Odoo's.
          names: { RequestPath: "drop" },
          headers: { defaultMode: "drop", names: { "User-Agent": "keep", "X-Request-Id": "keep" } },
        },
      },
      ping: { entryPoint: "traefik" },
      api: { insecure: true, dashboard: false },
      // By service, not by router: both would be twice the series, and a router has the same name as its service here.
      metrics: {
        prometheus: {
          entryPoint: "traefik",
          addEntryPointsLabels: true,
          addServicesLabels: true,
          addRoutersLabels: false,
        },
      },
      entryPoints: {
        traefik: { address: `127.0.0.1:${config.adminPort}`, http: { aliasHeadersStrategy } },
        [entryPoint]: {
          address: `:${config.httpPort}`,
          asDefault: true,
          http: { aliasHeadersStrategy },
          // Nobody but the operator's proxies is trusted to say who the client was.
          forwardedHeaders: { insecure: false, trustedIPs: config.proxies },
          transport: {
            // A body may take an hour to arrive, an answer as long as it needs; websockets have no limit.
            respondingTimeouts: { readTimeout: "3600s", writeTimeout: "0s", idleTimeout: "180s" },
            lifeCycle: { graceTimeOut: "10s" },
          },
        },
      },
      serversTransport: { forwardingTimeouts: { dialTimeout: "5s", responseHeaderTimeout: "0s" } },
      providers: {
        providersThrottleDuration: "50ms",
        redis: {
          endpoints: [`127.0.0.1:${config.redisPort}`],
          password: config.redisPassword,
          rootKey: "traefik",
        },
        file: { filename: "/etc/berth/pages.yml", watch: false },
      },
      experimental: { localPlugins: { unknownhost: { moduleName: "berth/unknownhost" } } },
    },
    null,
    2,
  );
}

/** Where Traefik finds the control plane: a host name, and by the first part of a path a port of 127.0.0.1. */
export interface ApiRoutes {
  host: string;
  ports: Record<string, number>;
}

/** Text of the file provider: the control plane's own routes; what no route takes gets the page for unknown hosts. */
export function ownRoutesConf(api: ApiRoutes, page: { html: string; text: string }): string {
  const parts = Object.entries(api.ports);
  const routers = parts.map(([part]) => [
    `api-${part}`,
    {
      rule: `Host(\`${api.host}\`) && PathPrefix(\`/${part}/\`)`,
      entryPoints: [entryPoint],
      service: `api-${part}`,
    },
  ]);
  // Each of them leads to the others.
  const [first] = parts.map(([part]) => `api-${part}`);
  const services = parts.map(([part, port]) => [
    `api-${part}`,
    { loadBalancer: { servers: [{ url: `http://127.0.0.1:${port}` }] } },
  ]);
  return JSON.stringify(
    {
      http: {
        services: Object.fromEntries(services),
        routers: {
          ...Object.fromEntries(routers),
          "api-front": {
            rule: `Host(\`${api.host}\`) && Path(\`/\`)`,
            entryPoints: [entryPoint],
            service: first,
          },
          "unknown-host": {
            rule: "PathPrefix(`/`)",
            priority: 1,
            entryPoints: [entryPoint],
            middlewares: ["unknown-host"],
            service: "noop@internal",
          },
        },
        middlewares: { "unknown-host": { plugin: { unknownhost: page } } },
      },
    },
    null,
    2,
  );
}
