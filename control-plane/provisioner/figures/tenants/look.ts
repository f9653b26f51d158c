import { names } from "../../../../stacks/tenant/names.ts";
import { atMost } from "../../../at-most.ts";
import type { InstanceFigures } from "../../../instance/put-figures.ts";
import type { WatchedInstance } from "../../../instance/watched-instances.ts";
import type { ContainerFigures } from "./containers.ts";
import type { DatabaseFigures } from "./databases.ts";
import { noTraffic, type Traffic } from "./traffic.ts";

/** Where tenants' figures come from. Each may be away without the others. */
export interface TenantSources {
  containers: (names: ReadonlySet<string>) => Promise<Map<string, ContainerFigures>>;
  answers: (address: string) => Promise<boolean>;
  databases: (names: string[]) => Promise<DatabaseFigures>;
  /** Sizes of volumes, as far as they are known. */
  files: (volumes: string[]) => ReadonlyMap<string, number>;
  /** Requests by Traefik's service. */
  traffic: () => Promise<Map<string, Traffic>>;
}

export const sourceNames = ["containers", "databases", "traffic"] as const;
export type SourceName = (typeof sourceNames)[number];

/** Instances that are asked at the same time: one that is held up takes five seconds. */
const askedAtOnce = 64;

/**
 * Looks at instances once. What a source does not tell, because it is away, is null.
 * @param onAway told of a source that is away, and with `undefined` of one that is not
 */
export async function lookAtTenants(
  env: string,
  instances: WatchedInstance[],
  sources: TenantSources,
  onAway: (source: SourceName, error: unknown) => void,
): Promise<InstanceFigures[]> {
  const all = instances.map((one) => ({ ...one, its: names(one.tenantId, one.instance, env) }));
  const from = <T>(source: SourceName, work: Promise<T>): Promise<T | undefined> =>
    work.then(
      (found) => {
        onAway(source, undefined);
        return found;
      },
      (error) => {
        onAway(source, error);
        return undefined;
      },
    );
  const [containers, databases, traffic] = await Promise.all([
    from("containers", sources.containers(new Set(all.map(({ its }) => its.container)))),
    from("databases", sources.databases(all.map(({ its }) => its.database))),
    from("traffic", sources.traffic()),
  ]);
  const files = sources.files(all.map(({ its }) => its.volume));
  return atMost(askedAtOnce, all, async ({ tenantId, instance, address, its }) => {
    const container = containers?.get(its.container);
    // While the engine is away only the instance itself can tell.
    const mayRun = containers === undefined || container?.running === true;
    const requests = traffic && (traffic.get(its.router) ?? noTraffic);
    return {
      tenantId,
      instance,
      up: mayRun && address !== null && (await sources.answers(address)),
      cpuSeconds: container?.usage?.cpuSeconds ?? null,
      memoryBytes: container?.usage?.memoryBytes ?? null,
      memoryLimitBytes: container?.usage?.memoryLimitBytes ?? null,
      connections: databases ? (databases.connections.get(its.database) ?? 0) : null,
      databaseBytes: databases?.bytes.get(its.database) ?? null,
      filesBytes: files.get(its.volume) ?? null,
      requests2xx: requests?.requests["2xx"] ?? null,
      requests3xx: requests?.requests["3xx"] ?? null,
      requests4xx: requests?.requests["4xx"] ?? null,
      requests5xx: requests?.requests["5xx"] ?? null,
      requestSeconds: requests?.seconds ?? null,
      requestCount: requests?.count ?? null,
    };
  });
}
