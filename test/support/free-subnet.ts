import { networkInterfaces } from "node:os";
import { networks } from "../../control-plane/platform/docker.ts";
import type { Run } from "../../control-plane/platform/run.ts";

/** Given out by this process, and perhaps not in use yet. */
const given = new Set<string>();

/** A /20 that no network of the engine and no interface has, chosen by chance so that two tests differ. */
export async function freeSubnet(run: Run): Promise<string> {
  const taken = new Set(given);
  const note = (address: string) => void taken.add(address.split(".").slice(0, 2).join("."));
  for (const network of await networks(run)) for (const subnet of network.subnets) note(subnet);
  for (const addresses of Object.values(networkInterfaces()))
    for (const { address } of addresses ?? []) note(address);
  const free = Array.from({ length: 100 }, (_, i) => `10.${100 + i}`).filter((prefix) => !taken.has(prefix));
  const prefix = free[Math.floor(Math.random() * free.length)];
  if (!prefix) throw new Error("No subnet from 10.100 to 10.199 is free.");
  given.add(prefix);
  return `${prefix}.0.0/20`;
}
