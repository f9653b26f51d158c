import { existsSync } from "node:fs";
import { dataPaths } from "../../paths.ts";
import { portsByService } from "../../ports.ts";
import { serviceNames } from "../../service-names.ts";
import { fingerprint } from "../../settings.ts";
import { codeFingerprint } from "../../supervisor/code.ts";
import type { Bench } from "../bench.ts";
import type { Check, Finding } from "../finding.ts";

export const services: Check = {
  name: "control plane",
  async look(bench) {
    const { settings, supervisor, platform } = bench;
    if (!supervisor) {
      // One that was killed is told by its socket: see locks.ts.
      if (!platform || existsSync(dataPaths(settings.dataDir).supervisorSocket))
        return { unknown: "no supervisor answers" };
      const what = `The control plane of "${settings.env}" is stopped.`;
      const why = "Nobody can sign in, make or change a tenant. Tenants themselves go on.";
      return [{ status: "warning", what, why, mend: "bin/berth start" }];
    }
    const found = [...processes(bench), ...(await unwell(bench)), ...older(bench)];
    return found.length > 0 ? found : { well: supervisor.children.map(({ name }) => name).join(", ") };
  },
};

function processes({ supervisor }: Bench): Finding[] {
  return (supervisor?.children ?? [])
    .filter(({ pid }) => pid === undefined)
    .map(({ name, lastExit }) => ({
      status: "wrong" as const,
      what: `${name} does not run; its last end: ${lastExit}.`,
      why: "It is started again with growing pauses, and falls each time.",
      mend: `bin/berth logs --level error tells why; bin/berth restart`,
    }));
}

interface Health {
  status: string;
  checks: Record<string, { status: string; detail?: string }>;
}

async function unwell({ settings }: Bench): Promise<Finding[]> {
  const byPort = portsByService(settings);
  const found = await Promise.all(
    serviceNames.map(async (service): Promise<Finding[]> => {
      const url = `http://127.0.0.1:${byPort[service]}/${service}/health`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
      const health = answer && ((await answer.json().catch(() => undefined)) as Health | undefined);
      const mend = `bin/berth logs ${service}-service --level warn tells why; bin/berth restart ${service}-service`;
      const wrong = (what: string, why: string, how = mend): Finding => ({
        status: "wrong",
        what,
        why,
        mend: how,
      });
      if (!health?.checks)
        return [wrong(`The ${service} service does not answer at ${url}.`, "Requests to it fail.")];
      return Object.entries(health.checks)
        .filter(([, { status }]) => status !== "ok")
        .map(([what, { detail = "" }]) =>
          wrong(
            `The ${service} service says that "${what}" is away. ${detail}`.trim(),
            "What needs both of them waits or is refused.",
            "bin/berth doctor tells of that part itself; bin/berth status",
          ),
        );
    }),
  );
  return found.flat();
}

function older({ settings, supervisor, root }: Bench): Finding[] {
  const now = codeFingerprint(root);
  const isOlder = supervisor?.children.some(({ code }) => code !== now) || supervisor?.code !== now;
  const isOther = supervisor?.settings !== fingerprint(settings);
  if (!isOlder && !isOther) return [];
  const what = isOther
    ? "The control plane runs with other settings than those of this shell."
    : "The control plane runs older code than is in this folder.";
  const why = "What is seen of it is not what is written here.";
  return [
    {
      status: "warning",
      what,
      why,
      mend: isOther ? "bin/berth stop && bin/berth start" : "bin/berth restart",
    },
  ];
}
