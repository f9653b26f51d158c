import { ensureFirewall } from "../platform/firewall/ensure.ts";
import { firewallPlan } from "../platform/firewall/plan.ts";
import { findPlatform } from "../platform/outputs.ts";
import { createRun } from "../platform/run.ts";
import type { Settings } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";

/**
 * Puts the tenants' firewall in place, with neither engine nor control plane running: for the moment before the
 * engine starts, which starts the tenants' containers.
 */
export async function firewall({ settings, env, say }: CommandLine & { settings: Settings }): Promise<void> {
  if (!(await findPlatform(settings.dataDir))) {
    return say.line(`The platform of "${settings.env}" was never brought up; there is nothing to guard.`);
  }
  const wrong = await ensureFirewall(createRun(env), firewallPlan(settings));
  const found = wrong.length === 0 ? "was in place" : `is in place (${wrong.length} rules were missing)`;
  say.line(`The firewall of "${settings.env}" ${found}.`);
}
