import { mustHaveRole } from "../../access/access.ts";
import type { UserContext } from "../context.ts";
import { mustSeeOrganization } from "./must-see-organization.ts";
import { type KeyView, listKeys } from "./read-keys.ts";

/** An organisation's keys. Throws `not_found` and `forbidden`. */
export async function listOrganizationKeys(
  { scoped, caller }: UserContext,
  input: { organization: string; limit: number; after?: string },
): Promise<KeyView[]> {
  await mustSeeOrganization(scoped, input.organization);
  mustHaveRole(caller, input.organization);
  return listKeys(scoped, input);
}
