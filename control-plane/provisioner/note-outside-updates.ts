import { isBerthError } from "../errors.ts";
import { recordOutsideUpdate } from "../instance/record-outside-update.ts";
import type { Deps } from "./deps.ts";
import { readOutsideUpdates } from "./state/outside-updates.ts";

type Parts = Pick<Deps, "ctx" | "state" | "log">;

/** Tells the audit of what people did with a Pulumi of their own. Gives when the newest of it was written. */
export async function noteOutsideUpdates(
  { ctx, state, log }: Parts,
  prefix: string,
  since: Date,
): Promise<Date> {
  let newest = since;
  for (const { tenantId, update, updatedAt } of await readOutsideUpdates(state, prefix, since)) {
    const isNew = await recordOutsideUpdate(ctx, { tenantId, update }).catch((error) => {
      // A stack of a record that is older than the state: it is told at each start, and nothing of it is touched.
      if (isBerthError(error, "not_found")) return false;
      throw error;
    });
    if (isNew) log.info({ tenant: tenantId, update: update.name }, "somebody worked on a stack with Pulumi");
    if (updatedAt > newest) newest = updatedAt;
  }
  return newest;
}
