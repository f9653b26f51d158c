import { writeFile } from "node:fs/promises";
import type { Run } from "../run.ts";
import { bridgeFilter, checkFirewall } from "./check.ts";
import { type Family, type FirewallPlan, wantedRules } from "./rules.ts";
import { change, families, type Tables } from "./tables.ts";

/**
 * Puts the environment's rules in place, each family in one atomic step; does nothing when they are.
 * Returns what was wrong before. Throws when the rules do not hold afterwards.
 */
export async function ensureFirewall(run: Run, plan: FirewallPlan): Promise<string[]> {
  const before = await checkFirewall(run, plan);
  if (before.ok) return [];
  await filterBridges(run);
  for (const family of families()) await change(run, family, (tables) => linesOf(plan, family, tables));
  const after = await checkFirewall(run, plan);
  if (!after.ok) {
    throw new Error(`The firewall rules of the tenants' network do not hold: ${after.problems.join(" ")}`);
  }
  return before.problems;
}

function linesOf(plan: FirewallPlan, family: Family, tables: Tables): string[] {
  const { chains, hooks } = wantedRules(plan, family);
  const lines = chains.map((chain) => `:${chain.name} - [0:0]`);
  if (family === "ip" && !tables.has("DOCKER-USER")) lines.push(":DOCKER-USER - [0:0]");
  lines.push(...chains.flatMap((chain) => chain.rules));
  for (const hook of hooks) lines.push(...unhook(tables, hook.chain, hook.rule));
  // The last one in becomes the first, so that the order of `hooks` is the order in the chain.
  for (const hook of hooks.toReversed()) lines.push(`-I ${hook.chain} 1 ${hook.rule}`);
  return lines;
}

/** Lines that take every copy of a rule out of a shared chain. */
export function unhook(tables: Tables, chain: string, rule: string): string[] {
  const copies = (tables.get(chain) ?? []).filter((line) => line === `-A ${chain} ${rule}`);
  return copies.map(() => `-D ${chain} ${rule}`);
}

async function filterBridges(run: Run): Promise<void> {
  try {
    await writeFile(bridgeFilter, "1");
  } catch {
    // The file is there only once the module is loaded.
    await run("modprobe", ["br_netfilter"]);
    await writeFile(bridgeFilter, "1");
  }
}
