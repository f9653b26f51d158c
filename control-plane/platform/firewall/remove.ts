import type { Run } from "../run.ts";
import { unhook } from "./ensure.ts";
import { type FirewallPlan, wantedRules } from "./rules.ts";
import { change, families } from "./tables.ts";

/** Takes the environment's rules and chains away; what others use (DOCKER-USER) stays. */
export async function removeFirewall(run: Run, plan: FirewallPlan): Promise<void> {
  for (const family of families()) {
    const { chains, hooks } = wantedRules(plan, family);
    await change(run, family, (tables) => {
      const names = chains.map((chain) => chain.name).filter((name) => tables.has(name));
      const own = hooks.filter((hook) => names.some((name) => hook.rule.endsWith(`-j ${name}`)));
      return [
        ...own.flatMap((hook) => unhook(tables, hook.chain, hook.rule)),
        ...names.map((name) => `-F ${name}`),
        ...names.map((name) => `-X ${name}`),
      ];
    });
  }
}
