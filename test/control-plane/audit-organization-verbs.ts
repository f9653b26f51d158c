import type { AuditedVerbs } from "./audit-verbs.ts";
import { as, freshAddress, organizationsPath, type people } from "./people.ts";
import { standing } from "./standing.ts";
import type { TestServices } from "./support.ts";

/** What is done with organisations, their members, invitations and keys. */
export function organizationVerbs(t: TestServices, they: ReturnType<typeof people>): AuditedVerbs {
  const { accept, found, invite, member, person } = they;
  const { organization } = standing(t, they);
  /** Somebody with an organisation of theirs. */
  const acme = async () => {
    const ada = await person();
    const { id } = await found(ada);
    return { ada, id, organization: `${organizationsPath}/${id}` };
  };
  /** The same, and somebody else whom they have invited. */
  const invited = async () => {
    const one = await acme();
    const eve = await person();
    const { id } = (await (await invite(one.ada, one.id, eve.email, "viewer")).json()) as { id: string };
    return { ...one, eve, invitation: id };
  };
  return {
    "post /user/v1/organizations": {
      service: "auth",
      action: "organization.create",
      run: async () => void (await found(await person())),
    },
    "patch /user/v1/organizations/{id}": {
      service: "auth",
      action: "organization.change",
      run: async () => {
        const { ada, organization } = await acme();
        await t.expect(200, "PATCH", organization, { name: "Other" }, ada.headers);
      },
    },
    "delete /tenant/v1/organizations/{id}": {
      service: "tenant",
      action: "organization.close",
      run: async () => {
        const { ada, id } = await acme();
        await t.call("DELETE", `/tenant/v1/organizations/${id}`, undefined, ada.headers);
      },
    },
    "delete /user/v1/organizations/{id}": {
      service: "auth",
      action: "organization.delete",
      run: async () => {
        const { ada, id } = await acme();
        await t.call("DELETE", `/tenant/v1/organizations/${id}`, undefined, ada.headers);
      },
    },
    "patch /user/v1/organizations/{id}/members/{user}": {
      service: "auth",
      action: "member.change-role",
      run: async () => {
        const { ada, id, organization } = await acme();
        const eve = await member(ada, id, "viewer");
        await t.expect(200, "PATCH", `${organization}/members/${eve.id}`, { role: "owner" }, ada.headers);
      },
    },
    "delete /user/v1/organizations/{id}/members/{user}": {
      service: "auth",
      action: "member.remove",
      run: async () => {
        const { ada, id, organization } = await acme();
        const eve = await member(ada, id, "viewer");
        await t.call("DELETE", `${organization}/members/${eve.id}`, undefined, ada.headers);
      },
    },
    "delete /user/v1/organizations/{id}/membership": {
      service: "auth",
      action: "member.leave",
      run: async () => {
        const { ada, id, organization } = await acme();
        const eve = await member(ada, id, "viewer");
        await t.call("DELETE", `${organization}/membership`, undefined, eve.headers);
      },
    },
    "post /user/v1/organizations/{id}/invitations": {
      service: "auth",
      action: "invitation.create",
      run: async () => {
        const { ada, id } = await acme();
        await invite(ada, id, freshAddress(), "viewer");
      },
    },
    "delete /user/v1/organizations/{id}/invitations/{invitation}": {
      service: "auth",
      action: "invitation.cancel",
      run: async () => {
        const { ada, organization, invitation } = await invited();
        await t.call("DELETE", `${organization}/invitations/${invitation}`, undefined, ada.headers);
      },
    },
    "post /user/v1/invitations/{id}/acceptance": {
      service: "auth",
      action: "invitation.accept",
      run: async () => {
        const { eve, invitation } = await invited();
        await accept(invitation, eve);
      },
    },
    "delete /user/v1/invitations/{id}": {
      service: "auth",
      action: "invitation.decline",
      run: async () => {
        const { eve, invitation } = await invited();
        await t.call("DELETE", `/user/v1/invitations/${invitation}`, undefined, eve.headers);
      },
    },
    "post /user/v1/organizations/{id}/api-keys": {
      service: "auth",
      action: "key.create",
      run: async () => {
        const { token, id } = await person();
        const path = `/user/v1/organizations/${await organization(id)}/api-keys`;
        await t.expect(201, "POST", path, { name: "Key", scope: "read" }, as(token));
      },
    },
    "delete /user/v1/organizations/{id}/api-keys/{key}": {
      service: "auth",
      action: "key.revoke",
      run: async () => {
        const { token, id } = await person();
        const path = `/user/v1/organizations/${await organization(id)}/api-keys`;
        const body = { name: "Key", scope: "read" };
        const key = await t.expect<{ id: string }>(201, "POST", path, body, as(token));
        await t.call("DELETE", `${path}/${key.id}`, undefined, as(token));
      },
    },
  };
}
