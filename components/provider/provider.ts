import type { Provider } from "@pulumi/pulumi/provider/provider.js";
import { dockerApi } from "./docker.ts";
import { Failure, reason } from "./failure.ts";
import { fittings } from "./fittings/resource.ts";
import { ownership } from "./ownership/resource.ts";
import type { Resource } from "./resource.ts";
import { route } from "./route/resource.ts";
import type { ProviderSettings } from "./settings.ts";
import { hasUnknown, plain } from "./values.ts";
import { type DatabaseIdentity, verifyDatabase } from "./verify-database.ts";
import { volume } from "./volume/resource.ts";

type Properties = Record<string, unknown>;
// Inputs and State differ per type; Pulumi hands each resource what the same resource put out.
type AnyResource = Resource<Properties, Properties>;

/** Pulumi's plugin `berth`: the resources that no package has. */
export function createProvider(settings: ProviderSettings): Provider {
  const tenants = { url: settings.tenantsDatabaseUrl, passFile: settings.pgPassFile };
  const routes = { url: settings.routesDatabaseUrl, passFile: settings.pgPassFile };
  const redis = { url: settings.redisUrl, passwordFile: settings.redisPasswordFile };
  const docker = dockerApi(settings.dockerHost);
  const resources: Record<string, unknown> = {
    "berth:index:Ownership": ownership(tenants),
    "berth:index:Route": route(routes, redis),
    "berth:index:Fittings": fittings(docker),
    "berth:index:Volume": volume(docker),
  };
  const of = (urn: string): AnyResource => {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const resource = resources[type];
    if (resource === undefined) throw new Failure(`The berth provider has no resource type ${type}.`);
    return resource as AnyResource;
  };

  return {
    version: "0.1.0",
    schema: JSON.stringify({ name: "berth", version: "0.1.0" }),
    async check(urn, _olds, news) {
      if (hasUnknown(news)) return { inputs: news };
      return { inputs: news, failures: await told(of(urn).check(properties(news))) };
    },
    async diff(_id, urn, olds, news) {
      if (hasUnknown(news)) return { changes: true };
      return of(urn).diff(properties(olds), properties(news));
    },
    async create(urn, inputs) {
      const { id, state } = await told(of(urn).create(properties(inputs)));
      return { id, outs: state };
    },
    async read(id, urn, props) {
      const state = await told(of(urn).read(id, properties(props)));
      return state === undefined ? {} : { id, props: state };
    },
    async update(id, urn, olds, news) {
      return { outs: await told(of(urn).update(id, properties(olds), properties(news))) };
    },
    async delete(id, urn, props) {
      await told(of(urn).remove(id, properties(props)));
    },
    async invoke(token, args) {
      if (token !== "berth:index:verifyDatabase") throw new Failure(`The berth provider has no ${token}.`);
      return { outputs: await verifyDatabase(tenants, properties(args) as unknown as DatabaseIdentity) };
    },
  };
}

function properties(value: unknown): Properties {
  return (plain(value) ?? {}) as Properties;
}

// Pulumi prints the stack of what we throw; a person needs the sentence only.
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${reason(error)}.`, { cause: error });
  }
}
