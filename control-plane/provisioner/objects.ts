import pg from "pg";
import { keysUnder, withRedis } from "../../components/provider/redis.ts";
import { routeFolders } from "../../components/provider/traefik-keys.ts";
import { names } from "../../stacks/tenant/names.ts";
import { connection, type DatabaseLogin } from "../database.ts";
import { databaseUrl } from "../pulumi-env.ts";
import { until } from "../until.ts";
import type { Deps } from "./deps.ts";

// What an instance has outside of Pulumi, found by its names. For what a killed process made and nobody wrote down.

type Parts = Pick<Deps, "docker" | "tenantsServer" | "platformServer" | "redis" | "settings">;

/** Name of the container of the one-off step. */
export function oneOffName(container: string): string {
  return `${container}-setup`;
}

/**
 * Removes a container. A create that is still under way inside the engine would make it after all, so the name
 * is taken and given back: as long as somebody else's create holds it, the engine refuses.
 */
export async function removeContainer(
  { docker }: Pick<Deps, "docker">,
  name: string,
  image: string,
): Promise<void> {
  const path = `/containers/${encodeURIComponent(name)}?force=1&v=1`;
  await until(
    async () => {
      await docker.call("DELETE", path);
      const made = await docker
        .call("POST", `/containers/create?name=${encodeURIComponent(name)}`, {
          Image: image,
          Cmd: ["true"],
          HostConfig: { NetworkMode: "none" },
        })
        .catch((error: Error) => {
          if (/is already in use/.test(error.message)) return "taken";
          throw error;
        });
      if (made === "taken") return false;
      await docker.call("DELETE", path);
      return true;
    },
    { what: `the engine to let go of container ${name}`, deadlineMs: 30_000, everyMs: 50 },
  );
}

async function removeVolume({ docker }: Pick<Deps, "docker">, name: string): Promise<void> {
  await docker.call("DELETE", `/volumes/${encodeURIComponent(name)}?force=1`);
}

export async function dropDatabase(
  { tenantsServer }: Pick<Deps, "tenantsServer">,
  name: string,
): Promise<void> {
  await onServer(tenantsServer, async (client) => {
    await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
  });
}

export async function dropRole({ tenantsServer }: Pick<Deps, "tenantsServer">, name: string): Promise<void> {
  await onServer(tenantsServer, async (client) => {
    await client.query(`drop role if exists ${pg.escapeIdentifier(name)}`);
  });
}

/** Takes an instance's host names and Traefik keys away. */
async function removeRoute(parts: Parts, tenantId: string, instance: string): Promise<void> {
  await onServer(routing(parts), async (client) => {
    await client.query("delete from routing.routers where tenant = $1 and instance = $2", [
      tenantId,
      instance,
    ]);
    await client.query("delete from routing.hosts where tenant = $1 and instance = $2", [tenantId, instance]);
  });
  await withRedis(parts.redis, async (redis) => {
    const keys = await Promise.all(
      routeFolders(tenantId, instance).map((folder) => keysUnder(redis, folder)),
    );
    if (keys.flat().length > 0) await redis.del(keys.flat());
  });
}

/** Removes whatever is left of an instance of a tenant that is given up. Finding nothing is the rule. */
export async function removeLeftovers(deps: Deps, tenantId: string, instance: string): Promise<void> {
  const its = names(tenantId, instance, deps.settings.env);
  const image = deps.platform.images.odoo.ref;
  await removeRoute(deps, tenantId, instance);
  await removeContainer(deps, oneOffName(its.container), image);
  await removeContainer(deps, its.container, image);
  await Promise.all([
    removeVolume(deps, its.volume),
    dropDatabase(deps, its.database).then(() => dropRole(deps, its.role)),
  ]);
}

/** What an instance still has: `container`, `volume`, `database`, `role`, `route`. Costs a few milliseconds. */
export async function findLeftovers(deps: Deps, tenantId: string, instance: string): Promise<string[]> {
  const its = names(tenantId, instance, deps.settings.env);
  const exists = async (path: string) => (await deps.docker.call("GET", path)) !== undefined;
  const [container, oneOff, volume, keys, claims, roles] = await Promise.all([
    exists(`/containers/${encodeURIComponent(its.container)}/json`),
    exists(`/containers/${encodeURIComponent(oneOffName(its.container))}/json`),
    exists(`/volumes/${encodeURIComponent(its.volume)}`),
    withRedis(deps.redis, async (redis) => {
      const folders = routeFolders(tenantId, instance);
      return (await Promise.all(folders.map((folder) => keysUnder(redis, folder)))).flat().length > 0;
    }),
    onServer(routing(deps), async (client) => {
      const found = await client.query<{ there: boolean }>(
        `select exists (select from routing.hosts where tenant = $1 and instance = $2)
           or exists (select from routing.routers where tenant = $1 and instance = $2) as there`,
        [tenantId, instance],
      );
      return found.rows[0]?.there;
    }),
    onServer(deps.tenantsServer, async (client) => {
      const found = await client.query<{ database: boolean; role: boolean }>(
        `select exists (select from pg_database where datname = $1) as database,
           exists (select from pg_roles where rolname = $2) as role`,
        [its.database, its.role],
      );
      return found.rows[0];
    }),
  ]);
  const left = {
    container: container || oneOff,
    volume,
    route: keys || claims,
    database: roles?.database,
    role: roles?.role,
  };
  return Object.entries(left).flatMap(([what, there]) => (there ? [what] : []));
}

/** Where it is written down which host leads to whom. */
function routing({ platformServer }: Pick<Deps, "platformServer">): DatabaseLogin {
  return { ...platformServer, url: databaseUrl(platformServer.url, "provisioner", "instance") };
}

async function onServer<T>(login: DatabaseLogin, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...connection(login, "berth provisioner"), query_timeout: 60_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
