import type { DockerApi } from "../../components/provider/docker.ts";
import type { Queries } from "../database.ts";
import { instances } from "../instance/schema.ts";
import type { Logger } from "../observability/log.ts";

interface Listed {
  Labels: Record<string, string>;
  NetworkSettings: { Networks: Record<string, { IPAMConfig?: { IPv4Address?: string } | null }> };
}

/** Looks for strangers once, when the provisioner has just started: the record does not go back while it runs. */
export function findStrangers(options: Parameters<typeof strangersAddresses>[0]): () => Promise<string[]> {
  let found: Promise<string[]> | undefined;
  return () => {
    found ??= strangersAddresses(options).catch((error) => {
      found = undefined;
      throw error;
    });
    return found;
  };
}

/**
 * Addresses that tenants' containers have, running or not, and the record does not: it may be older than they are. Nobody
 * else may get one of these.
 */
async function strangersAddresses(options: {
  db: Queries;
  docker: DockerApi;
  env: string;
  network: string;
  log: Logger;
}): Promise<string[]> {
  const { db, docker, env, network, log } = options;
  const filters = encodeURIComponent(JSON.stringify({ label: [`berth.env=${env}`, "berth.tenant"] }));
  const answer = await docker.call("GET", `/containers/json?all=1&filters=${filters}`);
  const recorded = await db.select({ address: instances.address }).from(instances);
  const known = new Set(recorded.map(({ address }) => address));
  const strangers = ((answer?.body ?? []) as Listed[]).flatMap(({ Labels, NetworkSettings }) => {
    const address = NetworkSettings.Networks[network]?.IPAMConfig?.IPv4Address;
    return address && !known.has(address) ? [{ tenant: Labels["berth.tenant"], address }] : [];
  });
  if (strangers.length > 0)
    log.error(
      { strangers },
      "there are containers of tenants that the record does not know so; nothing of them is touched. See: bin/berth platform check",
    );
  return strangers.map(({ address }) => address);
}
