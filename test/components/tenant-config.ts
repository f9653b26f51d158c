import type { TenantConfigInput } from "../../stacks/tenant/contract.ts";

type Instance = TenantConfigInput["instances"][string];

/** A whole config, with one instance that differs as told. */
export function tenantConfig(instance: Partial<Instance> = {}): TenantConfigInput {
  return {
    version: 1,
    tenant: { id: "ten_aaaaaaaaaaaaaaaa", slug: "acme", revision: 1 },
    platform: { env: "dev", network: "berth-dev-tenants", postgresHost: "10.213.0.1", postgresPort: 5432 },
    instances: {
      production: {
        address: "10.213.0.7",
        hosts: ["acme.localhost"],
        database: { template: "odoo_19", password: "0123456789abcdef" },
        odoo: { image: "berth/odoo:19" },
        owner: {
          login: "ann@example.com",
          passwordHash: "$pbkdf2-sha512$600000$c2FsdA$aGFzaA",
          company: "Acme",
          baseUrl: "http://acme.localhost",
        },
        ...instance,
      },
    },
  };
}
