import { inArray } from "drizzle-orm";
import type { DockerApi } from "../../components/provider/docker.ts";
import type { InstanceContext } from "../instance/context.ts";
import { stacks } from "../instance/schema.ts";
import type { Logger } from "../observability/log.ts";

interface Listed {
  Labels: Record<string, string>;
  NetworkSettings: { Networks: Record<string, { IPAMConfig?: { IPv4Address?: string } | null }> };
}

/**
 * Addresses of tenants' containers that the record does not know, running or not: it may be older than they are. Nobody
 * else may get one of these.
 */
export async function strangersAddresses(options: {
  ctx: Pick<InstanceContext, "db">;
  docker: DockerApi;
  env: string;
  network: string;
  log: Logger;
}): Promise<string[]> {
  const { ctx, docker, env, network, log } = options;
  const filters = encodeURIComponent(JSON.stringify({ label: [`berth.env=${env}`, "berth.tenant"] }));
  const answer = await docker.call("GET", `/containers/json?all=1&filters=${filters}`);
  const containers = (answer?.body ?? []) as Listed[];
  const idOf = ({ Labels }: Listed) => Labels["berth.tenant"] ?? "";
  if (containers.length === 0) return [];
  const known = await ctx.db
    .select({ id: stacks.tenantId })
    .from(stacks)
    .where(inArray(stacks.tenantId, containers.map(idOf)));
  const strangers = containers.filter((one) => !known.some(({ id }) => id === idOf(one)));
  if (strangers.length === 0) return [];
  log.error(
    { tenants: [...new Set(strangers.map(idOf))] },
    "there are tenants that the record does not know; nothing of them is touched. See: bin/berth platform check",
  );
  return strangers.flatMap(
    ({ NetworkSettings }) => NetworkSettings.Networks[network]?.IPAMConfig?.IPv4Address ?? [],
  );
}
