import type { TenantConfigInput } from "../../stacks/tenant/contract.ts";
import type { StackRecord } from "../instance/read-stack.ts";
import type { PlatformOutputs } from "../platform/outputs.ts";
import type { Settings } from "../settings.ts";

export interface StackConfigOptions {
  platform: PlatformOutputs;
  settings: Pick<Settings, "env" | "tenantDns">;
  /** Only databases: the pass before a one-off step. */
  databaseOnly?: boolean;
}

/**
 * The config of a tenant's stack, made from the record and nothing else, so that it can be written again on
 * any machine. Throws when the record lacks what every brought-up stack has.
 */
export function stackConfig(stack: StackRecord, options: StackConfigOptions): TenantConfigInput {
  const { platform, settings } = options;
  const { spec, secrets } = stack;
  if (!spec || !secrets || !stack.slug)
    throw new Error(`The stack ${stack.tenantId} has no spec: it is in the reserve or gone.`);
  const instances = stack.instances.map(({ name, hosts, address, template, identity }) => {
    const kept = secrets.instances[name];
    const wanted = spec.instances[name];
    if (!kept || !wanted || !address || !template) {
      throw new Error(
        `The record of ${stack.tenantId}/${name} is not complete: no address, template or secrets.`,
      );
    }
    return [
      name,
      {
        address,
        hosts,
        database: { template, password: kept.databasePassword, identity: identity ?? undefined },
        odoo: { image: platform.images.odoo.ref, uid: platform.images.odoo.uid },
        owner: {
          login: spec.admin.email,
          passwordHash: kept.adminPasswordHash,
          company: spec.company,
          lang: spec.odoo.lang,
          country: spec.odoo.country ?? undefined,
          baseUrl: wanted.baseUrl,
        },
        databaseOnly: options.databaseOnly,
      },
    ] as const;
  });
  return {
    version: 1,
    tenant: { id: stack.tenantId, slug: stack.slug, revision: stack.revision },
    platform: {
      env: settings.env,
      network: platform.network.name,
      postgresHost: platform.postgres.host,
      postgresPort: platform.postgres.port,
      entryPoint: platform.traefik.entryPoint,
      dns: settings.tenantDns,
    },
    instances: Object.fromEntries(instances),
  };
}
