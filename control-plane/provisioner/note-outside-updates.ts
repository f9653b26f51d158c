import { recordOutsideUpdates } from "../instance/record-outside-updates.ts";
import type { Deps } from "./deps.ts";
import { readUpdates } from "./state/history.ts";

/**
 * Tells the audit of what people did with a Pulumi of their own, in the histories under `prefix`, since a moment.
 * @returns the moment from which on there may be more
 */
export async function noteOutsideUpdates(
  { ctx, state, log }: Pick<Deps, "ctx" | "state" | "log">,
  prefix: string,
  since: Date,
): Promise<Date> {
  const { updates, upTo } = await readUpdates(state, prefix, since);
  for (const { tenantId, name, by } of await recordOutsideUpdates(ctx, updates))
    log.info({ tenant: tenantId, update: name, by }, "somebody worked on a stack with Pulumi");
  return upTo;
}
