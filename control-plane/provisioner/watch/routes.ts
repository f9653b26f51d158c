import { randomUUID } from "node:crypto";
import { routesRoot } from "../../../components/platform/routes-root.ts";
import { type RedisServer, withRedis } from "../../../components/provider/redis.ts";
import { type RouteRecord, traefikKeys } from "../../../components/provider/traefik-keys.ts";
import { type DatabaseLogin, withClient } from "../../database.ts";
import type { Job } from "../../observability/jobs.ts";
import type { Logger } from "../../observability/log.ts";

/**
 * Tells a lost Redis from a changed key. While it is there, a missing route is drift and left to be seen; when
 * it is gone, everything is, and all routes are written anew from the record.
 */
export const epochKey = "berth/epoch";
const everyMs = 1_000;

export interface RoutesWatch {
  /** Looks now; resolves when routes are as the record says or Redis has its epoch. */
  look(): Promise<void>;
  stop(): void;
}

export function watchRoutes(options: {
  /** The login that may write routes, on the record. */
  record: DatabaseLogin;
  redis: RedisServer;
  entryPoint: string;
  job: Job;
  log: Logger;
}): RoutesWatch {
  let looking: Promise<void> | undefined;
  let wasAway = false;
  const once = async () => {
    await restoreIfLost(options);
    wasAway = false;
  };
  const failed = (error: unknown) => {
    if (!wasAway)
      options.log.warn(
        { err: error },
        "Redis, or the record of routes, cannot be looked at; trying again every second",
      );
    wasAway = true;
  };
  const look = () => {
    looking ??= options.job(once, failed).finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const timer = setInterval(() => void look(), everyMs);
  return { look, stop: () => clearInterval(timer) };
}

/** Writes all routes when the epoch key is gone. Returns how many, or undefined when nothing was lost. */
export async function restoreIfLost({
  record,
  redis: server,
  entryPoint,
  log,
}: Omit<Parameters<typeof watchRoutes>[0], "job">): Promise<number | undefined> {
  if (await withRedis(server, (redis) => redis.exists(epochKey))) return undefined;
  return withClient(record, "berth provisioner", async (client) => {
    await client.query("begin");
    // Whoever changes or removes a route changes its row first: while this writes they wait, and one that is being
    // removed is waited for.
    const { rows: routes } = await client.query<Omit<RouteRecord, "entryPoint">>(
      "select tenant, instance, target, hosts from routing.routers order by tenant, instance for share",
    );
    const keys = routes.flatMap((route) => Object.entries(traefikKeys({ ...route, entryPoint })));
    await withRedis(server, (redis) => {
      const write = redis.multi();
      for (const [key, value] of keys) write.set(key, value);
      write.set(routesRoot.key, routesRoot.value);
      // Last, and with the rest: either all of it is there or the next look does it again.
      write.set(epochKey, randomUUID());
      return write.exec();
    });
    await client.query("commit");
    log.warn({ routes: routes.length }, "Redis had lost its content; all routes were written anew");
    return routes.length;
  });
}
