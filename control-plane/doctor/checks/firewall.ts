import { checkFirewall } from "../../platform/firewall/check.ts";
import { firewallPlan } from "../../platform/firewall/plan.ts";
import type { Check } from "../finding.ts";

export const firewall: Check = {
  name: "firewall",
  async look({ settings, platform, isDown, run }) {
    if (!platform) return { unknown: "this environment was never brought up" };
    if (isDown) return { unknown: "the environment is down" };
    const { ok, problems } = await checkFirewall(run, firewallPlan(settings));
    if (ok) return { well: "every rule of the tenants' network is in place" };
    return [
      {
        status: "wrong",
        what: `The tenants' firewall does not hold, in ${problems.length} places: ${problems[0]}`,
        why: "A tenant may reach this machine, other networks or another tenant.",
        mend: "bin/berth firewall",
      },
    ];
  },
};
