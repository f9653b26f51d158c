import { keepHistory } from "../../instance/keep-history.ts";
import { readStack } from "../../instance/read-stack.ts";
import { projectRoot } from "../../paths.ts";
import type { Deps, Outcome, Work } from "../deps.ts";
import { persist } from "../journal.ts";
import { outlast } from "../outlast.ts";
import { refuseUnrecorded } from "../refuse-unrecorded.ts";
import { readCheckpoint } from "../state/checkpoint.ts";
import { forgetStack, readKeepsakes } from "../state/forget-stack.ts";
import { tearDown } from "../tear-down.ts";
import { removeConfig } from "../up-stack.ts";

/** Removes a tenant: all its things, then its stack, whose history and last state are kept in the record. */
export async function destroy(deps: Deps, work: Work): Promise<Outcome> {
  const { tenantId } = work.claim;
  const before = await persist(() => readStack(deps.ctx, tenantId), work.end);
  const unrecorded = await outlast(deps, work, "removed", () =>
    refuseUnrecorded(deps, before, { slug: false }),
  );
  if (unrecorded.status !== "succeeded") return unrecorded;
  const outcome = await tearDown(deps, work, { doing: "removed", resumed: work.claim.attempt > 1 });
  if (outcome.status !== "succeeded") return outcome;
  await persist(async () => {
    // A stack that is gone from the state was kept by whoever worked on this before.
    if (!(await readCheckpoint(deps.state, tenantId))) return;
    const keepsakes = await readKeepsakes(deps.state, tenantId);
    await keepHistory(deps.ctx, { fence: work.lease.fence, ...keepsakes });
    await forgetStack(deps.state, tenantId);
  }, work.end);
  await removeConfig([deps.workDir, projectRoot], tenantId);
  // It may never have been let go.
  deps.pool.endAhead(tenantId);
  return outcome;
}
