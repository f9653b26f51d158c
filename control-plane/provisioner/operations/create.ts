import { readStack } from "../../instance/read-stack.ts";
import { bringUp } from "../bring-up.ts";
import type { Deps, Outcome, Work } from "../deps.ts";
import { persist } from "../journal.ts";
import { ownFault } from "../own-fault.ts";
import { refuseUnrecorded } from "../refuse-unrecorded.ts";
import { tearDown } from "../tear-down.ts";

/**
 * Makes a tenant. When it cannot be made, or is cancelled, what was made is taken back; unless people could
 * already log in to it, which only happens when a worker died between that moment and its note of it.
 */
export async function create(deps: Deps, work: Work): Promise<Outcome> {
  // Until then nothing was made, and what is there under the tenant's names may be what people work in.
  let mayBeTakenBack = false;
  const guard = async () => {
    const before = await persist(() => readStack(deps.ctx, work.claim.tenantId), work.end);
    const allowed = await refuseUnrecorded(deps, before, { slug: true });
    mayBeTakenBack = allowed.status === "succeeded";
    return allowed;
  };
  const outcome = await bringUp(deps, work, { doing: "created", guard }).catch((error) =>
    ownFault(work, error),
  );
  if (outcome.status === "succeeded" || !mayBeTakenBack) return outcome;
  const stack = await persist(() => readStack(deps.ctx, work.claim.tenantId), work.end);
  if (stack.readyAt) return outcome;
  const takenBack = await tearDown(deps, work, { doing: "taken back", resumed: true }).catch((error) =>
    ownFault(work, error),
  );
  if (takenBack.status === "succeeded") return outcome;
  work.log.error({ error: takenBack.error }, "what was made could not be taken back");
  const { code, message } = outcome.error;
  const rest =
    "What was made could not be taken back and is still there: try again, or delete the tenant, which removes it.";
  return { status: "failed", error: { code, message: `${message} ${rest}` } };
}
