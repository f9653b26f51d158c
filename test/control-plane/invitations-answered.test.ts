import { describe, expect, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { type Invitation, invitationCalls } from "./invitation-calls.ts";
import { freshAddress, organizationsPath as path, people, withMail } from "./people.ts";
import { type Problem, withServices } from "./support.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const they = people(t, mail);
const { person, found, member, invite, accept } = they;
const { sent, mine, listed, decline, codeOf, audits, membersOf } = invitationCalls(t, they);

describe("an invitation", () => {
  test("is not there for another account, whatever that does", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await person();
    const mallory = await person();
    const { id: invitation } = await sent(ada, id, eve.email, "owner");
    const told = async (answer: Response, about: string) => {
      const { requestId: _, ...problem } = (await answer.json()) as Problem;
      return JSON.stringify(problem).replaceAll(about, "?");
    };
    const strange = newId("inv");
    for (const who of [mallory, ada]) {
      for (const answer of [(one: string) => accept(one, who), (one: string) => decline(one, who.headers)]) {
        const said = await told(await answer(invitation), invitation);
        expect(said).toContain("not_found");
        expect(said).toBe(await told(await answer(strange), strange));
      }
      expect(await mine(who.headers)).toEqual([]);
    }
    expect((await accept(invitation, eve)).status).toBe(200);
    expect((await accept(invitation, mallory)).status).toBe(404);
    expect(await membersOf(id, mallory.id)).toEqual([]);
  });

  test("is not for whoever has not confirmed the address", async () => {
    const ada = await person();
    const { id } = await found(ada);
    // As an account that came with somebody else's token: signed in, and its address only said.
    const eve = await person();
    await t.rows("auth", "update users set email_verified = false where id = $1", [eve.id]);
    const { id: invitation } = await sent(ada, id, eve.email, "viewer");
    expect(await mine(eve.headers)).toEqual([]);
    expect((await accept(invitation, eve)).status).toBe(404);
    expect((await decline(invitation, eve.headers)).status).toBe(404);
    await t.rows("auth", "update users set email_verified = true where id = $1", [eve.id]);
    expect((await accept(invitation, eve)).status).toBe(200);
  });

  test("is accepted once, also by two requests at the same moment", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await person();
    const { id: invitation } = await sent(ada, id, eve.email, "developer");
    const answers = await Promise.all([1, 2, 3, 4].map(() => accept(invitation, eve)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 410, 410, 410]);
    expect(await membersOf(id, eve.id)).toEqual([{ role: "developer" }]);
    expect(await codeOf(await accept(invitation, eve))).toBe("410 code_expired");
    expect(await codeOf(await decline(invitation, eve.headers))).toBe("410 code_expired");
  });

  test("is declined or taken back, and then it is over", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await person();
    const first = await sent(ada, id, eve.email, "viewer");
    expect((await decline(first.id, eve.headers)).status).toBe(204);
    expect(await codeOf(await decline(first.id, eve.headers))).toBe("410 code_expired");
    expect(await codeOf(await accept(first.id, eve))).toBe("410 code_expired");
    expect((await audits(first.id)).at(-1)).toEqual({
      action: "invitation.decline",
      actor: `user:${eve.id}`,
      before: { status: "pending", organization: id },
      after: { status: "rejected" },
    });
    const second = await sent(ada, id, eve.email, "viewer");
    const where = `${path}/${id}/invitations/${second.id}`;
    // Another organisation's admin does not reach it by their own.
    const bob = await person();
    const other = await found(bob);
    for (const organization of [id, other.id])
      await t.expect(
        404,
        "DELETE",
        `${path}/${organization}/invitations/${second.id}`,
        undefined,
        bob.headers,
      );
    expect((await t.call("DELETE", where, undefined, ada.headers)).status).toBe(204);
    await t.expect(404, "DELETE", where, undefined, ada.headers);
    expect(await mine(eve.headers)).toEqual([]);
    expect(await codeOf(await accept(second.id, eve))).toBe("410 code_expired");
    expect((await audits(second.id)).at(-1)).toMatchObject({
      action: "invitation.cancel",
      actor: `user:${ada.id}`,
      after: { status: "canceled" },
    });
    expect(await membersOf(id, eve.id)).toEqual([]);
  });

  test("is not accepted after its week", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await person();
    const { id: invitation } = await sent(ada, id, eve.email, "viewer");
    const [row] = await t.rows<{ days: number }>(
      "auth",
      "select extract(epoch from expires_at - created_at)::float / 86400 as days from invitations where id = $1",
      [invitation],
    );
    expect(row?.days).toBeCloseTo(7, 3);
    await t.rows("auth", "update invitations set expires_at = now() - interval '1 second' where id = $1", [
      invitation,
    ]);
    expect(await codeOf(await accept(invitation, eve))).toBe("410 code_expired");
    expect(await mine(eve.headers)).toEqual([]);
    expect(await listed(id, ada.headers)).toEqual([]);
    const next = await sent(ada, id, eve.email, "viewer");
    expect((await accept(next.id, eve)).status).toBe(200);
  });

  test.each([
    ["was removed", "viewer", "removed"],
    ["is no admin any more", "viewer", "developer"],
    ["is no admin any more and had invited one", "admin", "viewer"],
    ["is no owner any more and had invited one", "owner", "admin"],
  ] as const)("ends with the right of who sent it: one who %s", async (_, role, becomes) => {
    const ada = await person();
    const { id } = await found(ada);
    const bob = await member(ada, id, "owner");
    const eve = await person();
    const { id: invitation } = await sent(bob, id, eve.email, role);
    expect(await mine(eve.headers)).toHaveLength(1);
    const where = `${path}/${id}/members/${bob.id}`;
    if (becomes === "removed") await t.call("DELETE", where, undefined, ada.headers);
    else await t.expect(200, "PATCH", where, { role: becomes }, ada.headers);
    expect(await mine(eve.headers)).toEqual([]);
    expect(await listed(id, ada.headers)).toEqual([]);
    expect(await codeOf(await accept(invitation, eve))).toBe("410 code_expired");
    expect(await membersOf(id, eve.id)).toEqual([]);
  });

  test("ends with its organisation", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await person();
    const { id: invitation } = await sent(ada, id, eve.email, "viewer");
    const end = await t.call("DELETE", `/tenant/v1/organizations/${id}`, undefined, ada.headers);
    expect(end.status).toBe(204);
    expect(await mine(eve.headers)).toEqual([]);
    expect((await accept(invitation, eve)).status).toBe(404);
  });

  test("does not bring more members than an organisation can have, nor are there more than a hundred", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await person();
    const { id: invitation } = await sent(ada, id, eve.email, "viewer");
    await t.rows(
      "auth",
      `with made as (
         insert into users (id, name, email) select 'usr_many' || n, 'Many', 'many' || n || '@acme.example'
         from generate_series(1, 499) n returning id)
       insert into members (id, organization_id, user_id, role) select 'mem_' || id, $1, id, 'viewer' from made`,
      [id],
    );
    expect(await codeOf(await accept(invitation, eve))).toBe("409 conflict");
    // What was refused is taken back: the invitation still waits.
    await t.rows("auth", "delete from members where user_id = 'usr_many1'");
    expect((await accept(invitation, eve)).status).toBe(200);
    await t.rows(
      "auth",
      `insert into invitations (id, organization_id, email, role, inviter_id, expires_at)
       select 'inv_' || n, $1, n || '@acme.example', 'viewer', $2, now() + interval '1 day'
       from generate_series(1, 100) n`,
      [id, ada.id],
    );
    expect(await codeOf(await invite(ada, id, freshAddress(), "viewer"))).toBe("409 conflict");
    const page = await t.expect<{ items: Invitation[]; nextCursor: string | null }>(
      200,
      "GET",
      `${path}/${id}/invitations?limit=100`,
      undefined,
      ada.headers,
    );
    expect([page.items.length, page.nextCursor]).toEqual([100, null]);
  });
});
