import type * as pulumi from "@pulumi/pulumi";
import { Database } from "../../components/database/database.ts";
import { Odoo } from "../../components/odoo/odoo.ts";
import { verifyDatabase } from "../../components/provider/resources.ts";
import { Route } from "../../components/route/route.ts";
import type { InstanceConfig, TenantConfig } from "./contract.ts";
import { type InstanceNames, names } from "./names.ts";

/**
 * What a tenant is made of, as a Pulumi program. The provisioner runs it inline, the CLI by `index.ts`.
 * Its outputs have the shape of `tenantOutputs`. Rejects, before anything is registered, when a database
 * that was once ready is missing or not the tenant's.
 */
export function program(config: TenantConfig): () => Promise<Record<string, pulumi.Input<unknown>>> {
  return async () => {
    await refuseForeignDatabases(config);
    const instances = Object.entries(config.instances).map(
      ([name, instance]) => [name, createInstance(config, name, instance)] as const,
    );
    return { instances: Object.fromEntries(instances) };
  };
}

async function refuseForeignDatabases(config: TenantConfig): Promise<void> {
  const known = Object.entries(config.instances).flatMap(([name, { database }]) => {
    const identity = database.identity;
    return identity === undefined ? [] : [{ database: own(config, name).database, identity }];
  });
  await Promise.all(known.map(verifyDatabase));
}

function createInstance(config: TenantConfig, name: string, instance: InstanceConfig) {
  const its = own(config, name);
  const database = createDatabase(name, instance, its);
  if (!instance.databaseOnly) {
    const odoo = createOdoo(config, name, instance, its, database);
    createRoute(config, name, instance, odoo, database);
  }
  return {
    url: instance.owner.baseUrl,
    hosts: instance.hosts,
    address: instance.address,
    container: its.container,
    volume: its.volume,
    database: its.database,
    role: its.role,
    identity: database.identity,
  };
}

function createDatabase(name: string, instance: InstanceConfig, its: InstanceNames): Database {
  const { owner, database } = instance;
  return new Database(name, {
    name: its.database,
    password: database.password,
    // Odoo's own, another Odoo's while this one ends, and some for psql: nobody can take all that the server has.
    connectionLimit: 2 * instance.odoo.dbMaxconn + 8,
    template: database.template,
    baseUrl: owner.baseUrl,
    admin: { login: owner.login, passwordHash: owner.passwordHash },
    company: owner.company,
    country: owner.country,
    lang: owner.lang,
    open: !instance.databaseOnly,
    identity: database.identity,
  });
}

// The container does not depend on the database: Odoo is imported while the clone is made. It waits for its
// password, which it is given when the clone is the tenant's own; asking PostgreSQL until then costs far more.
function createOdoo(
  { platform }: TenantConfig,
  name: string,
  instance: InstanceConfig,
  its: InstanceNames,
  { password }: Database,
): Odoo {
  const { odoo, address } = instance;
  return new Odoo(name, {
    ...odoo,
    name: its.container,
    network: platform.network,
    address,
    dns: platform.dns,
    database: {
      host: platform.postgresHost,
      port: platform.postgresPort,
      name: its.database,
      password,
    },
    labels: its.labels,
  });
}

// Nobody is led to an instance whose database is not the tenant's own.
function createRoute(
  { tenant, platform }: TenantConfig,
  name: string,
  instance: InstanceConfig,
  odoo: Odoo,
  database: Database,
): Route {
  return new Route(
    name,
    {
      tenant: tenant.id,
      instance: name,
      hosts: instance.hosts,
      target: odoo.target,
      entryPoint: platform.entryPoint,
    },
    { dependsOn: [database.ownership] },
  );
}

function own(config: TenantConfig, instance: string): InstanceNames {
  return names(config.tenant.id, instance, config.platform.env);
}
