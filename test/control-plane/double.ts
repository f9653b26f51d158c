import type { CallerName } from "../../control-plane/access/table.ts";
import type { Cast } from "./cast.ts";
import { as } from "./people.ts";

/** Somebody else who stands where a caller does: for what changes the caller. Headers are those of people only. */
export async function double(
  { seed, organization, users }: Cast,
  caller: CallerName,
  more: { id?: string; email?: string } = {},
): Promise<{ user: string; headers: { authorization: string } | undefined }> {
  const user = await seed.person({ ...more, staff: caller === "staff" });
  const role = caller === "actingStaff" ? "owner" : caller;
  if (role === "viewer" || role === "developer" || role === "admin" || role === "owner")
    await seed.member(organization, user, role);
  const acting = caller === "actingStaff" ? { impersonated_by: users.staff } : {};
  const isPerson = !["nobody", "readKey", "writeKey", "otherTenantsKey", "service"].includes(caller);
  return { user, headers: isPerson ? as(await seed.session(user, acting)) : undefined };
}
