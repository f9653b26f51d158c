import type { Queries } from "../../database.ts";
import type { UserContext } from "../context.ts";
import { personOf } from "../person-of.ts";
import { lockStaff, mustBeStaff } from "../staff/lock-staff.ts";
import type { NewStaffKey } from "./key-input.ts";
import { type MadeKey, makeKey } from "./make-key.ts";

/** Makes a key for all organisations, as `tx` commits. Throws `forbidden` when the caller has just ceased to be staff. */
export async function createStaffKey(ctx: UserContext, tx: Queries, input: NewStaffKey): Promise<MadeKey> {
  const user = personOf(ctx.caller);
  await lockStaff(tx);
  await mustBeStaff(tx, user);
  return makeKey(ctx, tx, { ...input, user, organization: null, tenant: null });
}
