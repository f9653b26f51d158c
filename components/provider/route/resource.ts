import type { CheckFailure } from "@pulumi/pulumi/provider/provider.js";
import { inTransaction, type Server, withClient } from "../postgres.ts";
import { type RedisServer, withRedis } from "../redis.ts";
import type { Resource } from "../resource.ts";
import { type RouteRecord, traefikKeys } from "../traefik-keys.ts";
import { claim, claimed, conflicts, release, releaseOthers } from "./claims.ts";
import { readKeys, removeKeys, writeKeys } from "./live-keys.ts";

/** What is there: `claims` as PostgreSQL has them, `keys` as Traefik reads them. */
export interface RouteState extends RouteRecord {
  claims: string[];
  keys: Record<string, string>;
}

const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const hostName = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`);

/**
 * Host names that lead to an instance. PostgreSQL decides whose a host is; Redis tells Traefik.
 * Hosts and target change in place. Tenant or instance name need a new route.
 */
export function route(record: Server, traefik: RedisServer): Resource<RouteRecord, RouteState> {
  return {
    async check(inputs) {
      const failures = shape(inputs);
      if (failures.length > 0) return failures;
      const taken = await withClient(record, undefined, (client) => conflicts(client, inputs));
      return taken.map((reason) => ({ property: "hosts", reason }));
    },

    diff(state, inputs) {
      const replaces = (["tenant", "instance"] as const).filter((name) => state[name] !== inputs[name]);
      const wanted = traefikKeys(inputs);
      const same = equal(state.keys, wanted) && equal(state.claims, [...inputs.hosts].sort());
      return { changes: replaces.length > 0 || !same || !equal(pick(state), pick(inputs)), replaces };
    },

    async create(inputs) {
      return { id: `${inputs.tenant}-${inputs.instance}`, state: await apply(inputs) };
    },

    async read(_id, state) {
      const { tenant, instance } = state;
      const [keys, claims] = await Promise.all([
        withRedis(traefik, (redis) => readKeys(redis, tenant, instance)),
        withClient(record, undefined, (client) => claimed(client, tenant, instance)),
      ]);
      if (claims.length === 0 && Object.keys(keys).length === 0) return undefined;
      return { ...pick(state), claims, keys };
    },

    update: (_id, _state, inputs) => apply(inputs),

    // Nobody reads this route from the record and writes its keys once more: they would wait for the row's lock.
    // And a host is free only when Traefik has forgotten that it led here.
    async remove(_id, { tenant, instance }) {
      await withClient(record, undefined, (client) =>
        inTransaction(client, async () => {
          await release(client, tenant, instance);
          await withRedis(traefik, (redis) => removeKeys(redis, tenant, instance));
        }),
      );
    },
  };

  // The claim first, and what is given up last: Traefik never serves a host that is not this instance's.
  async function apply(inputs: RouteRecord): Promise<RouteState> {
    const keys = traefikKeys(inputs);
    await withClient(record, undefined, async (client) => {
      await inTransaction(client, () => claim(client, inputs));
      await withRedis(traefik, (redis) => writeKeys(redis, inputs.tenant, inputs.instance, keys));
      await releaseOthers(client, inputs);
    });
    return { ...pick(inputs), claims: [...inputs.hosts].sort(), keys };
  }
}

function shape(inputs: RouteRecord): CheckFailure[] {
  const failures: CheckFailure[] = [];
  if (inputs.hosts.length === 0)
    failures.push({ property: "hosts", reason: "A route needs at least one host." });
  for (const host of inputs.hosts) {
    if (!hostName.test(host)) failures.push({ property: "hosts", reason: `"${host}" is not a host name.` });
  }
  if (!/^http:\/\/[^/`]+$/.test(inputs.target)) {
    failures.push({ property: "target", reason: `"${inputs.target}" is not http://<address>:<port>.` });
  }
  return failures;
}

function pick({ tenant, instance, hosts, target, entryPoint }: RouteRecord): RouteRecord {
  return { tenant, instance, hosts: [...hosts].sort(), target, entryPoint };
}

// Both sides were built by the same functions; keys of `keys` are sorted before the comparison.
function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
