import { readFile } from "node:fs/promises";
import { processOf } from "../../part-names.ts";
import { takenPort } from "../../platform/taken-port.ts";
import { portsOf } from "../../ports.ts";
import type { Bench } from "../bench.ts";
import type { Check, Finding } from "../finding.ts";

export const ports: Check = {
  name: "ports",
  async look(bench) {
    const all = portsOf(bench.settings);
    const found = await Promise.all(
      all.map(async ({ part, variable, port, address }): Promise<Finding[]> => {
        const taken = await takenPort(variable, port, address);
        if (!taken || (await isOwn(bench, part, taken))) return [];
        return [
          {
            status: "wrong",
            what: `${taken.split(":")[0]}, and ${part} needs it.`,
            why: `${part} cannot start, or another program answers in its place.`,
            mend: `End that program, or set ${variable} to a free port (BERTH_PORT_OFFSET moves all of them).`,
          },
        ];
      }),
    );
    const wrong = found.flat();
    return wrong.length > 0 ? wrong : { well: `${all.length} ports are free, or this environment's own` };
  },
};

/** Whether who holds a port is the part that it is for. */
async function isOwn(bench: Bench, part: string, taken: string): Promise<boolean> {
  const pid = /\(process (\d+)\)/.exec(taken)?.[1];
  const container = bench.parts.find((one) => one.part === part);
  if (container) {
    if (container.state !== "running") return false;
    // Of one who may not look, or of a program that is just gone, nothing is claimed.
    const groups = pid ? await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "") : "";
    return groups === "" || groups.includes(container.id);
  }
  // Its children go on, and nobody can be asked which they are.
  if (bench.silent) return true;
  const name =
    part === "services" || part === "provisioner"
      ? part
      : processOf(bench.settings, `${part}-service` as "user-service");
  const child = bench.supervisor?.children.find((one) => one.name === name);
  return child?.pid !== undefined && (pid === undefined || Number(pid) === child.pid);
}
