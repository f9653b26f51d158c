import { containerParts, type PartName, partOf } from "../../part-names.ts";
import type { Check, Finding } from "../finding.ts";

export const parts: Check = {
  name: "platform",
  async look({ settings, engine, platform, isDown, parts: there }) {
    if ("away" in engine) return { unknown: "the engine does not answer" };
    if (!platform && there.length === 0)
      return [notUp(`"${settings.env}" was never brought up on this machine, or is of an older release.`)];
    if (isDown) return [notUp(`"${settings.env}" was taken down; its data are kept.`)];
    const found = containerParts(settings).flatMap((part): Finding[] => {
      const one = there.find((container) => container.part === part);
      // Where its image cannot be had the environment goes without.
      if (!one && part === "grafana") return [];
      const wrong = (what: string, mend: string) => [of(part, what, mend)];
      if (!one)
        return wrong(
          `is away: there is no container berth-${settings.env}-${part}.`,
          "bin/berth platform up",
        );
      if (one.state !== "running")
        return wrong(
          `does not run: its container is ${one.state}.`,
          `bin/berth restart ${part}, or bin/berth platform up`,
        );
      if (one.health === "unhealthy")
        return wrong(
          "runs and does not answer its health check.",
          `bin/berth logs ${part} tells why; bin/berth restart ${part}`,
        );
      return [];
    });
    return found.length > 0 ? found : { well: there.map(({ part }) => part).join(", ") };
  },
};

function notUp(what: string): Finding {
  const why = "Nothing of it answers, tenants included.";
  return { status: "warning", what, why, mend: "make dev-up, or bin/berth start" };
}

/** Without a tool customers lack nothing. */
function of(part: PartName, what: string, mend: string): Finding {
  const isTool = partOf(part).tool !== undefined;
  return {
    status: isTool ? "warning" : "wrong",
    what: `${part} ${what}`,
    why: isTool
      ? "Figures, mails or a page for us are missing; no customer notices."
      : "Tenants, or the control plane, do not work without it.",
    mend,
  };
}
