import type { Settings } from "../settings.ts";
import { everyContainerName } from "./applied.ts";
import { containers, networks } from "./docker.ts";
import type { Run } from "./run.ts";

/**
 * Removes containers and a network of this environment that its state does not know: an interrupted run made
 * them and could not note it. They hold no data; volumes are not touched.
 */
export async function clearLeftovers(run: Run, settings: Settings, known: Set<string>): Promise<void> {
  const own = (labels: Record<string, string>) => labels["berth.env"] === settings.env;
  for (const container of await containers(run, everyContainerName(settings.env))) {
    if (known.has(container.id)) continue;
    if (!own(container.labels)) throw new Error(notOurs("container", container.name));
    await run("docker", ["rm", "--force", container.id]);
  }
  for (const network of await networks(run)) {
    if (network.name !== `berth-${settings.env}-tenants` || known.has(network.id)) continue;
    if (!own(network.labels)) throw new Error(notOurs("network", network.name));
    await run("docker", ["network", "rm", network.id]);
  }
}

function notOurs(kind: string, name: string): string {
  return `There is a ${kind} "${name}" that Berth did not make: remove it, or set BERTH_ENV to another name.`;
}
