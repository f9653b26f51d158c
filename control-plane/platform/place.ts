import { portsOf, portVariables } from "../ports.ts";
import { parseSettings, type Settings } from "../settings.ts";
import { containers, networks } from "./docker.ts";
import { subnetInUse } from "./preflight.ts";
import type { Run } from "./run.ts";
import { takenPort } from "./taken-port.ts";

type Variables = Record<string, string | undefined>;

/**
 * Looks whether an environment that was never brought up has a place on this machine: all its ports and its subnet. Throws one
 * Error that says what is taken, and where there is room for it.
 */
export async function mustHavePlace(settings: Settings, env: Variables, run: Run): Promise<void> {
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
  const place = await findPlace(env, run);
  throw new Error([...wrong, ...(place ? [sentenceOf(settings, env, place)] : [])].join("\n"));
}

interface Place {
  offset: number;
  subnet: string;
}

function sentenceOf(settings: Settings, env: Variables, { offset, subnet }: Place): string {
  // A second one of the same name would share its data folder.
  const name = settings.env === "dev" ? "dev2" : settings.env;
  const set = portVariables.filter((variable) => env[variable]);
  const unset = set.length > 0 ? `  unset ${set.join(" ")}\n` : "";
  return `There is room for an environment beside what is there. In this shell, and in each that is to work with it:\n\n${unset}  export BERTH_ENV=${name} BERTH_PORT_OFFSET=${offset} BERTH_TENANT_SUBNET=${subnet}\n`;
}

/** An offset at which all ports are free, and a free subnet. */
async function findPlace(env: Variables, run: Run): Promise<Place | undefined> {
  const known = await networks(run);
  const without = Object.fromEntries(Object.entries(env).filter(([name]) => !portVariables.includes(name)));
  const subnets = Array.from({ length: 40 }, (_, n) => `10.${214 + n}.0.0/20`);
  const isFree = await Promise.all(
    subnets.map(async (tenantSubnet) => (await subnetInUse({ env: "", tenantSubnet }, known)) === undefined),
  );
  const subnet = subnets.find((_, n) => isFree[n]);
  for (let offset = 10_000; subnet && offset <= 22_000; offset += 1_000) {
    const wanted = portsOf(parseSettings({ ...without, BERTH_PORT_OFFSET: `${offset}` }));
    const taken = await Promise.all(wanted.map(({ port }) => takenPort("", port, "0.0.0.0")));
    if (taken.every((one) => one === undefined)) return { offset, subnet };
  }
  return undefined;
}
