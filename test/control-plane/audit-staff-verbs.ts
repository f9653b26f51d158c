import type { Database } from "../../control-plane/database.ts";
import { offerFirstStaff } from "../../control-plane/user/staff/first-staff-code.ts";
import type { AuditedVerbs } from "./audit-verbs.ts";
import { as, freshAddress, open, password, type people } from "./people.ts";
import { standing } from "./standing.ts";
import type { TestServices } from "./support.ts";

/** What the staff do. */
export function staffVerbs(
  t: TestServices,
  they: ReturnType<typeof people>,
  database: () => Database,
): AuditedVerbs {
  const { person } = they;
  const { staffMember } = standing(t, they);
  return {
    "post /user/v1/staff/api-keys": {
      service: "auth",
      action: "key.create",
      run: async () => {
        const { token } = await staffMember();
        await t.expect(201, "POST", "/user/v1/staff/api-keys", { name: "Key", scope: "read" }, as(token));
      },
    },
    "delete /user/v1/staff/api-keys/{key}": {
      service: "auth",
      action: "key.revoke",
      run: async () => {
        const { token } = await staffMember();
        const path = "/user/v1/staff/api-keys";
        const body = { name: "Key", scope: "read" };
        const key = await t.expect<{ id: string }>(201, "POST", path, body, as(token));
        await t.call("DELETE", `${path}/${key.id}`, undefined, as(token));
      },
    },
    "post /user/v1/staff-accounts": {
      service: "auth",
      action: "staff.first",
      run: async () => {
        await t.rows("auth", "update users set staff = false");
        const code = await offerFirstStaff(database().db, undefined);
        const body = { code, name: "Ada", email: freshAddress(), password };
        await t.expect(201, "POST", "/user/v1/staff-accounts", body, open);
        await t.rows("auth", "update users set staff = true where id = $1", [t.staff.user]);
      },
    },
    "put /user/v1/staff/{user}": {
      service: "auth",
      action: "staff.add",
      run: async () => {
        const [{ token }, { id }] = [await staffMember(), await person()];
        await t.expect(200, "PUT", `/user/v1/staff/${id}`, undefined, as(token));
      },
    },
    "delete /user/v1/staff/{user}": {
      service: "auth",
      action: "staff.remove",
      run: async () => {
        const [{ token }, { id }] = [await staffMember(), await staffMember()];
        await t.call("DELETE", `/user/v1/staff/${id}`, undefined, as(token));
      },
    },
    "post /user/v1/impersonations": {
      service: "auth",
      action: "impersonation.begin",
      run: async () => {
        const [{ token }, { id }] = [await staffMember(), await person()];
        const body = { user: id, reason: "Ticket 1" };
        await t.expect(201, "POST", "/user/v1/impersonations", body, as(token));
      },
    },
  };
}
