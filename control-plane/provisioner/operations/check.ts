import { readStack } from "../../instance/read-stack.ts";
import type { Deps, Outcome, Work } from "../deps.ts";
import { runEngine } from "../engine-run.ts";
import { insist } from "../insist.ts";
import { type Difference, differenceOf } from "../steps.ts";
import { writeConfig } from "../up-stack.ts";

/** Compares a tenant's stack with what is really there, and changes neither. The differences go into the stream. */
export async function check(deps: Deps, work: Work): Promise<Outcome> {
  const { tenantId } = work.claim;
  let differences: Difference[] = [];
  const done = await insist(deps, work, { doing: "checked", resumed: false }, async () => {
    const config = await writeConfig(deps, await readStack(deps.ctx, tenantId));
    differences = [];
    const onEvent = (event: Parameters<typeof differenceOf>[0]) => {
      const difference = differenceOf(event);
      if (difference) differences.push(difference);
    };
    work.journal.begin("compare");
    const request = { command: "preview", tenantId, config, refresh: true } as const;
    const result = await runEngine(deps, work, request, { onEvent });
    work.journal.end("compare");
    return result;
  });
  if (done.status !== "succeeded") return done;
  const { same = 0, ...changes } = done.changes;
  work.journal.event({ check: { same, changes, differences } });
  return { status: "succeeded" };
}
