import { keysUnder, withRedis } from "../../../components/provider/redis.ts";
import { dataPaths } from "../../paths.ts";
import type { Settings } from "../../settings.ts";

/** Which instances Traefik leads to, by the keys that it reads. */
export async function readRoutes(settings: Settings): Promise<Array<{ tenant: string; instance: string }>> {
  const server = {
    url: `redis://127.0.0.1:${settings.redisPort}`,
    passwordFile: dataPaths(settings.dataDir).redisPassword,
  };
  const keys = await withRedis(server, (redis) => keysUnder(redis, "traefik/http/routers/ten_"));
  return keys.flatMap((key) => {
    const [, tenant, instance] = /^traefik\/http\/routers\/(ten_[a-z0-9]{16})-(.+)\/rule$/.exec(key) ?? [];
    return tenant && instance ? [{ tenant, instance }] : [];
  });
}
