/** Pulumi's project; a stack's full name is `organization/berth/<tenant id>`. */
export const project = "berth";

/** Name of the first instance of every tenant. */
export const firstInstance = "production";

export function stackName(tenantId: string): string {
  return `organization/${project}/${tenantId}`;
}

export interface InstanceNames {
  role: string;
  database: string;
  container: string;
  volume: string;
  /** Name of router and service in Traefik. */
  router: string;
  labels: Record<"berth.env" | "berth.tenant" | "berth.instance", string>;
}

/** Every name an instance has outside Pulumi. `sameuser` in pg_hba relies on role and database being equal. */
export function names(tenantId: string, instance: string, env: string): InstanceNames {
  const container = `berth-${env}-${tenantId}-${instance}`;
  return {
    role: `${tenantId}_${instance}`,
    database: `${tenantId}_${instance}`,
    container,
    volume: `${container}-files`,
    router: `${tenantId}-${instance}`,
    labels: { "berth.env": env, "berth.tenant": tenantId, "berth.instance": instance },
  };
}
