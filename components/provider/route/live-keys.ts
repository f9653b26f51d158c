import type { Redis } from "ioredis";
import { keysUnder } from "../redis.ts";
import { routeFolders } from "../traefik-keys.ts";

/** The keys Traefik really has for an instance, those among them that nobody of ours wrote. */
export async function readKeys(
  redis: Redis,
  tenant: string,
  instance: string,
): Promise<Record<string, string>> {
  const names = await allKeys(redis, tenant, instance);
  const values = names.length === 0 ? [] : await redis.mget(names);
  const pairs = names.map((name, i) => [name, values[i] ?? null] as const);
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== null).sort());
}

/** Makes `keys` the only ones of their instance, in one step for whoever watches. */
export async function writeKeys(
  redis: Redis,
  tenant: string,
  instance: string,
  keys: Record<string, string>,
): Promise<void> {
  const stale = (await allKeys(redis, tenant, instance)).filter((name) => !(name in keys));
  const transaction = redis.multi();
  if (stale.length > 0) transaction.del(...stale);
  transaction.mset(keys);
  await transaction.exec();
}

export async function removeKeys(redis: Redis, tenant: string, instance: string): Promise<void> {
  const names = await allKeys(redis, tenant, instance);
  if (names.length > 0) await redis.del(...names);
}

async function allKeys(redis: Redis, tenant: string, instance: string): Promise<string[]> {
  const found = await Promise.all(routeFolders(tenant, instance).map((folder) => keysUnder(redis, folder)));
  return found.flat();
}
