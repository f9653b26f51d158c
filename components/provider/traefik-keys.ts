/** A route as the record has it: which hosts lead to which instance. */
export interface RouteRecord {
  tenant: string;
  instance: string;
  hosts: string[];
  /** `http://10.213.0.2:8069` */
  target: string;
  /** Traefik's entry point. */
  entryPoint: string;
}

/** Folders in Redis that hold one route's keys and nothing else. */
export function routeFolders(tenant: string, instance: string): string[] {
  const router = `${tenant}-${instance}`;
  return [`traefik/http/routers/${router}/`, `traefik/http/services/${router}/`];
}

/** The keys Traefik's Redis provider reads for a route. The only place where they are spelt. */
export function traefikKeys(route: RouteRecord): Record<string, string> {
  const service = `${route.tenant}-${route.instance}`;
  const router = `traefik/http/routers/${service}`;
  return {
    [`${router}/rule`]: [...route.hosts]
      .sort()
      .map((host) => `Host(\`${host}\`)`)
      .join(" || "),
    [`${router}/service`]: service,
    [`${router}/entryPoints/0`]: route.entryPoint,
    [`traefik/http/services/${service}/loadBalancer/servers/0/url`]: route.target,
  };
}
