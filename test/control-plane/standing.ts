import type { Role } from "../../control-plane/access/roles.ts";
import { newId } from "../../control-plane/ids.ts";
import type { Person, people } from "./people.ts";
import type { TestServices } from "./support.ts";

/** What somebody is, written into the record at once: for tests of what they may then do. */
export function standing(t: TestServices, { person }: Pick<ReturnType<typeof people>, "person">) {
  /** Makes somebody a member, or gives them another role. */
  const join = (organization: string, user: string, role: Role) =>
    t.rows(
      "auth",
      `insert into members (id, organization_id, user_id, role) values ($1, $2, $3, $4)
       on conflict (user_id, organization_id) do update set role = excluded.role`,
      [newId("mem"), organization, user, role],
    );
  return {
    join,
    /** An organisation, with somebody in it. */
    async organization(user: string, role: Role = "owner"): Promise<string> {
      const id = newId("org");
      await t.rows("auth", "insert into organizations (id, name, slug) values ($1, 'Acme', $1)", [id]);
      await join(id, user, role);
      return id;
    },
    /** Somebody new who is one of the staff. */
    async staffMember(): Promise<Person> {
      const one = await person();
      await t.rows("auth", "update users set staff = true where id = $1", [one.id]);
      return one;
    },
  };
}
