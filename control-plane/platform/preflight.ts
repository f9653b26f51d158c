import { networkInterfaces } from "node:os";
import { portsOf } from "../ports.ts";
import { gatewayOf, type Settings } from "../settings.ts";
import { containerNames } from "./applied.ts";
import { type ContainerState, type NetworkState, networks } from "./docker.ts";
import type { Run } from "./run.ts";
import { takenPort } from "./taken-port.ts";

/**
 * Looks for what would make the platform fail to come up: a taken port, a subnet in use.
 * Throws one Error with a sentence for each, naming the variable to set.
 */
export async function preflight(settings: Settings, run: Run, running: ContainerState[]): Promise<void> {
  const wrong: string[] = [];
  const up = (part: string) =>
    running.some((one) => one.running && one.name === `berth-${settings.env}-${part}`);
  for (const { part, variable, port, address } of portsOf(settings)) {
    // The control plane's are looked at when it is started.
    if (!containerNames(settings).includes(`berth-${settings.env}-${part}`)) continue;
    const taken = up(part) ? undefined : await takenPort(variable, port, address);
    if (taken) wrong.push(taken);
  }
  const subnet = await subnetInUse(settings, await networks(run));
  if (subnet) wrong.push(subnet);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

export async function subnetInUse(
  settings: Pick<Settings, "env" | "tenantSubnet">,
  all: NetworkState[],
): Promise<string | undefined> {
  const own = `berth-${settings.env}-tenants`;
  const wanted = range(settings.tenantSubnet);
  const overlaps = (cidr: string) => {
    const other = range(cidr);
    return wanted.first <= other.last && other.first <= wanted.last;
  };
  const advice = "set BERTH_TENANT_SUBNET to a free private range, as 10.99.0.0/20.";
  for (const network of all) {
    if (network.name === own) continue;
    const taken = network.subnets.find((cidr) => !cidr.includes(":") && overlaps(cidr));
    if (taken) {
      return `The subnet ${settings.tenantSubnet} overlaps with ${taken} of Docker's network "${network.name}": ${advice}`;
    }
  }
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { family, cidr, address } of addresses ?? []) {
      if (family !== "IPv4" || !cidr || address === gatewayOf(settings.tenantSubnet)) continue;
      if (overlaps(cidr))
        return `The subnet ${settings.tenantSubnet} overlaps with ${cidr} of the interface ${name}: ${advice}`;
    }
  }
  return undefined;
}

function range(cidr: string): { first: number; last: number } {
  const [base = "", bits = "32"] = cidr.split("/");
  const number = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size;
  return { first, last: first + size - 1 };
}
