import type { UserContext } from "../context.ts";
import { readOrganization } from "../organizations/read-organizations.ts";
import { type KeyView, listKeys } from "./read-keys.ts";

/** An organisation's keys. Throws `not_found` and `forbidden`. */
export async function listOrganizationKeys(
  ctx: UserContext,
  input: { organization: string; limit: number; after?: string },
): Promise<KeyView[]> {
  await readOrganization(ctx, input.organization);
  return listKeys(ctx.scoped, input);
}
