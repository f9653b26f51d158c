import type { Role } from "../../control-plane/access/roles.ts";
import { organizationsPath, type people } from "./people.ts";
import type { Problem, TestServices } from "./support.ts";

export interface Invitation {
  id: string;
  email: string;
  role: Role;
}
type Headers = Record<string, string>;

/** What is done with invitations, and what is written of them, by the services of one file. */
export function invitationCalls(t: TestServices, { invite }: Pick<ReturnType<typeof people>, "invite">) {
  return {
    sent: async (...args: Parameters<typeof invite>) => (await (await invite(...args)).json()) as Invitation,
    mine: async (headers: Headers) =>
      (await t.expect<{ items: Invitation[] }>(200, "GET", "/user/v1/invitations", undefined, headers)).items,
    listed: async (organization: string, headers: Headers) => {
      const path = `${organizationsPath}/${organization}/invitations`;
      return (await t.expect<{ items: Invitation[] }>(200, "GET", path, undefined, headers)).items;
    },
    decline: (id: string, headers: Headers) =>
      t.call("DELETE", `/user/v1/invitations/${id}`, undefined, headers),
    codeOf: async (answer: Response) => `${answer.status} ${((await answer.json()) as Problem).code}`,
    audits: (target: string) =>
      t.rows("auth", "select action, actor, before, after from audit where target = $1 order by id", [
        target,
      ]),
    membersOf: (organization: string, user: string) =>
      t.rows("auth", "select role from members where organization_id = $1 and user_id = $2", [
        organization,
        user,
      ]),
  };
}
