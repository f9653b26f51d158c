import { portsOf, type Settings } from "../settings.ts";
import { containers, networks } from "./docker.ts";
import { subnetInUse } from "./preflight.ts";
import type { Run } from "./run.ts";
import { takenPort } from "./taken-port.ts";

/**
 * Looks whether an environment that was never brought up has a place on this machine: all its ports and its subnet. Throws one
 * Error that says what is taken, and where there is room for it.
 */
export async function mustHavePlace(settings: Settings, run: Run): Promise<void> {
  // Of one that is there, its own parts hold the ports; whoever starts a part looks for itself.
  const [own] = await containers(run, [`berth-${settings.env}-postgres`]);
  if (own) return;
  const taken = await Promise.all(
    portsOf(settings).map(({ variable, port, address }) => takenPort(variable, port, address)),
  );
  const wrong = taken.filter((one) => one !== undefined);
  const subnet = await subnetInUse(settings, await networks(run));
  if (subnet) wrong.push(subnet);
  if (wrong.length === 0) return;
  const place = await findPlace(settings, run);
  throw new Error([...wrong, ...(place ? [sentenceOf(settings, place)] : [])].join("\n"));
}

interface Place {
  offset: number;
  subnet: string;
}

function sentenceOf({ env }: Settings, { offset, subnet }: Place): string {
  // A second one of the same name would share its data folder.
  const name = env === "dev" ? "dev2" : env;
  return `There is room for an environment of its own beside what is there. In this shell, for all commands of it:\n\n  export BERTH_ENV=${name} BERTH_PORT_OFFSET=${offset} BERTH_TENANT_SUBNET=${subnet}\n`;
}

/** An offset at which all ports are free, and a free subnet. */
async function findPlace(settings: Settings, run: Run): Promise<Place | undefined> {
  const known = await networks(run);
  const subnets = Array.from({ length: 40 }, (_, n) => `10.${214 + n}.0.0/20`);
  const free: string[] = [];
  for (const tenantSubnet of subnets)
    if (!(await subnetInUse({ ...settings, env: "", tenantSubnet }, known))) free.push(tenantSubnet);
  for (let offset = 10_000; offset <= 22_000; offset += 1_000) {
    const ports = portsOf(settings).map(({ port }) => port + offset);
    const isTaken = await Promise.all(ports.map((port) => takenPort("", port, "127.0.0.1")));
    const [subnet] = free;
    if (subnet && isTaken.every((one) => one === undefined)) return { offset, subnet };
  }
  return undefined;
}
