import { readFile } from "node:fs/promises";
import type { Run } from "../run.ts";
import { type FirewallPlan, type Hook, wantedRules } from "./rules.ts";
import { families, readTables, type Tables } from "./tables.ts";

/** Without it the kernel does not show packets between two containers of a bridge to the firewall. */
export const bridgeFilter = "/proc/sys/net/bridge/bridge-nf-call-iptables";

export interface FirewallState {
  ok: boolean;
  /** Sentences: what is missing, changed or out of place. */
  problems: string[];
}

/** Compares the machine's firewall with what the environment needs, rule by rule. Changes nothing. */
export async function checkFirewall(run: Run, plan: FirewallPlan): Promise<FirewallState> {
  const problems: string[] = [];
  const filter = await readFile(bridgeFilter, "utf8").catch(() => "");
  if (filter.trim() !== "1")
    problems.push(`The kernel does not filter bridged packets: ${bridgeFilter} is not 1.`);
  for (const family of families()) {
    const tables = await readTables(run, family);
    const wanted = wantedRules(plan, family);
    for (const chain of wanted.chains) problems.push(...differences(tables, family, chain.name, chain.rules));
    for (const hook of wanted.hooks) {
      if (!inPlace(tables, hook))
        problems.push(`${family}tables: "${hook.rule}" is not at its place in ${hook.chain}.`);
    }
  }
  return { ok: problems.length === 0, problems };
}

function differences(tables: Tables, family: string, chain: string, wanted: string[]): string[] {
  const present = tables.get(chain);
  if (!present) return [`${family}tables: the chain ${chain} is missing.`];
  const missing = wanted.filter((rule) => !present.includes(rule));
  const foreign = present.filter((rule) => !wanted.includes(rule));
  const problems = [
    ...missing.map((rule) => `${family}tables: the rule "${rule}" is missing.`),
    ...foreign.map((rule) => `${family}tables: the rule "${rule}" does not belong there.`),
  ];
  if (problems.length === 0 && present.join("\n") !== wanted.join("\n")) {
    problems.push(`${family}tables: the rules of ${chain} stand in the wrong order.`);
  }
  return problems;
}

/** True when the hook is there and nothing before it could decide about its packets. */
export function inPlace(tables: Tables, hook: Hook): boolean {
  for (const line of tables.get(hook.chain) ?? []) {
    const rule = line.slice(`-A ${hook.chain} `.length);
    if (rule === hook.rule) return true;
    if (!isOurs(rule) && !cannotMatch(rule, hook)) return false;
  }
  return false;
}

/** Jumps of Berth's environments only concern their own bridges. */
function isOurs(rule: string): boolean {
  return /^-[io] br-\S+ -j BERTH-\S+$/.test(rule);
}

function cannotMatch(rule: string, hook: Hook): boolean {
  const other = (flag: "i" | "o", name: string) => {
    const match = new RegExp(`^(?:.* )?-${flag} (\\S+)`).exec(rule);
    const negated = new RegExp(`! -${flag} `).test(rule);
    return match !== null && !negated && match[1] !== name && !match[1]?.endsWith("+");
  };
  const input = hook.input === undefined || other("i", hook.input);
  const output = hook.output === undefined || other("o", hook.output);
  return input && output;
}
