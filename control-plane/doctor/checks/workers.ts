import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseProvisionerTag, provisionerTag } from "../../provisioner/processes/identity.ts";
import { taggedProcesses } from "../../provisioner/processes/scan.ts";
import { type Bench, whyNoDatabase } from "../bench.ts";
import type { Check, Finding } from "../finding.ts";

/** A lease lasts ten seconds and is renewed every two and a half; whoever takes over needs a moment. */
const lateSeconds = 15;
/** Nothing that an operation does takes so long without a step or an event. */
const quietMinutes = 15;

export const workers: Check = {
  name: "workers",
  async look(bench) {
    const found = [...(await heldUp(bench)), ...(await stuck(bench))];
    if (found.length > 0) return found;
    return bench.supervisor ? { well: "none is stuck" } : { unknown: "the control plane does not run" };
  },
};

/** Processes of ours that were stopped by a signal, and so do nothing. */
async function heldUp({ settings, supervisor, proc }: Bench): Promise<Finding[]> {
  if (!supervisor) return [];
  const named = new Map<number, string>();
  for (const { pid, tag } of await taggedProcesses(provisionerTag))
    if (parseProvisionerTag(settings.env, tag))
      named.set(pid, "a worker of the provisioner, or an engine of its");
  for (const { name, pid } of supervisor.children) if (pid !== undefined) named.set(pid, name);
  const states = await Promise.all(
    [...named].map(async ([pid, what]) => ({ pid, what, state: await stateOf(proc, pid) })),
  );
  return states
    .filter(({ state }) => state === "T" || state === "t")
    .map(({ pid, what }) => ({
      status: "wrong" as const,
      what: `Process ${pid} (${what}) is stopped by a signal (SIGSTOP).`,
      why: "It does nothing and ends nothing: what it works on stands still.",
      mend: `kill -CONT ${pid}, or bin/berth restart provisioner`,
    }));
}

async function stateOf(proc: string, pid: number): Promise<string> {
  const stat = await readFile(join(proc, `${pid}`, "stat"), "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
}

async function stuck(bench: Bench): Promise<Finding[]> {
  if (whyNoDatabase(bench)) return [];
  const rows = await bench.rows<{
    id: string;
    kind: string;
    slug: string | null;
    late: number;
    quiet: number;
  }>(
    { database: "instance" },
    `select o.id, o.kind, s.slug,
       extract(epoch from clock_timestamp() - coalesce(l.expires_at, o.started_at))::float8 as late,
       extract(epoch from clock_timestamp() - greatest(o.started_at, (
         select max(e.at) from operation_events e where e.operation_id = o.id)))::float8 as quiet
     from operations o join stacks s using (tenant_id) left join leases l on l.operation_id = o.id
     where o.status = 'running'`,
  );
  return rows.flatMap(({ id, kind, slug, late, quiet }): Finding[] => {
    const what = `The operation ${id} (${kind}${slug ? `, tenant ${slug}` : ""})`;
    const mend = "bin/berth restart provisioner, which takes it up again";
    if (late > lateSeconds)
      return [
        {
          status: "wrong",
          what: `${what} is under way, and for ${Math.round(late)} s nobody works on it.`,
          why: "Its worker's lease ran out and nobody took it over: no provisioner works, or it hangs.",
          mend: bench.supervisor ? mend : "bin/berth start",
        },
      ];
    if (quiet > quietMinutes * 60)
      return [
        {
          status: "wrong",
          what: `${what} has not moved for ${Math.round(quiet / 60)} minutes, though a worker holds it.`,
          why: "Its tenant waits, and so does all that comes after it for that tenant.",
          mend: `${mend}; bin/berth logs --operation ${id} tells what it was at`,
        },
      ];
    return [];
  });
}
