import { names } from "../../../stacks/tenant/names.ts";
import { readStack } from "../../instance/read-stack.ts";
import { awaitReady } from "../await-ready.ts";
import { bringUp } from "../bring-up.ts";
import type { Deps, Outcome, Work } from "../deps.ts";
import { persist } from "../journal.ts";
import { outlast } from "../outlast.ts";
import { refusal } from "../refuse-foreign.ts";

/** Starts an instance's container anew and waits for the login page. One that is missing is made again. */
export async function restart(deps: Deps, work: Work): Promise<Outcome> {
  const { tenantId, instance } = work.claim;
  const stack = await persist(() => readStack(deps.ctx, tenantId), work.end);
  if (!instance) throw new Error(`Operation ${work.claim.operationId} names no instance to restart.`);
  const { container } = names(tenantId, instance, deps.settings.env);
  const at = `/containers/${container}`;
  let there = false;
  const done = await outlast(deps, work, "restarted", async () => {
    const refused = await refusal(deps, stack);
    if (refused) return { status: "failed", error: { code: "refused", message: refused } };
    return work.journal.step("restart", async () => {
      there = (await deps.docker.call("GET", `${at}/json`)) !== undefined;
      // The engine's own grace, 10 s, is what Odoo is given to end its requests.
      if (there) await deps.docker.call("POST", `${at}/restart?t=10`);
      return { status: "succeeded" };
    });
  });
  if (done.status !== "succeeded") return done;
  if (!there) return bringUp(deps, work, { doing: "changed", refresh: true });
  return awaitReady(deps, work, stack, instance, work.end);
}
