import { createHash } from "node:crypto";
import { newId } from "../../control-plane/ids.ts";

type Sql = (text: string, values: unknown[]) => Promise<unknown>;

/** A member of the staff, the organisation that they own, and a key of theirs for all organisations. */
export interface Staff {
  user: string;
  organization: string;
}

/** Writes a member of the staff with a key into an auth database, for tests that are about something else. */
export async function seedStaff(sql: Sql, key: string): Promise<Staff> {
  const [user, organization] = [newId("usr"), newId("org")];
  await sql(
    "insert into users (id, name, email, email_verified, staff) values ($1, 'Staff', $2, true, true)",
    [user, `${user}@berth.example`],
  );
  await sql("insert into organizations (id, name, slug) values ($1, 'Tests', $1)", [organization]);
  await sql("insert into members (id, organization_id, user_id, role) values ($1, $2, $3, 'owner')", [
    newId("mem"),
    organization,
    user,
  ]);
  await sql("insert into api_keys (id, reference_id, key, scope) values ($1, $2, $3, 'write')", [
    newId("key"),
    user,
    createHash("sha256").update(key).digest("base64url"),
  ]);
  return { user, organization };
}
