import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Role } from "../../control-plane/access/roles.ts";
import { newId } from "../../control-plane/ids.ts";
import { codeIn, freshAddress, organizationsPath as path, people, withMail } from "./people.ts";
import { type Problem, withServices } from "./support.ts";

const mail = await withMail();
const { catcher } = mail;
const t = withServices({ mailer: mail.mailer });
const { person, found, member, invite, accept, verified, signIn } = people(t, mail);

interface Invitation {
  id: string;
  email: string;
  role: Role;
}
type Headers = Record<string, string>;

const sent = async (...args: Parameters<typeof invite>) =>
  (await (await invite(...args)).json()) as Invitation;
const mine = async (headers: Headers) =>
  (await t.expect<{ items: Invitation[] }>(200, "GET", "/user/v1/invitations", undefined, headers)).items;
const listed = async (organization: string, headers: Headers) =>
  (
    await t.expect<{ items: Invitation[] }>(
      200,
      "GET",
      `${path}/${organization}/invitations`,
      undefined,
      headers,
    )
  ).items;
const decline = (id: string, headers: Headers) =>
  t.call("DELETE", `/user/v1/invitations/${id}`, undefined, headers);
const codeOf = async (answer: Response) => `${answer.status} ${((await answer.json()) as Problem).code}`;
const audits = (target: string) =>
  t.rows("auth", "select action, actor, before, after from audit where target = $1 order by id", [target]);
const membersOf = (organization: string, user: string) =>
  t.rows("auth", "select role from members where organization_id = $1 and user_id = $2", [
    organization,
    user,
  ]);

describe("an invitation", () => {
  test("comes by mail, is accepted by its address's account, and makes a member", async () => {
    const ada = await person();
    const { id } = await found(ada, "Acme & Söhne");
    const email = freshAddress();
    const made = await t.expect<Invitation>(
      201,
      "POST",
      `${path}/${id}/invitations`,
      { email: email.toUpperCase(), role: "developer" },
      ada.headers,
    );
    expect(made).toEqual({
      id: expect.stringMatching(/^inv_[a-z][a-z0-9]{15}$/),
      organization: id,
      email,
      role: "developer",
      invitedBy: ada.id,
      createdAt: expect.stringMatching(/Z$/),
      expiresAt: expect.stringMatching(/Z$/),
    });
    const letter = await catcher.take(email, /^You are invited to an organisation$/);
    expect(codeIn(letter)).toBe(made.id);
    expect(letter.text).toContain("“Acme & Söhne”");
    expect(letter.html).toContain("“Acme &amp; Söhne”");
    expect(letter.text).not.toContain("Ada");
    expect(await listed(id, ada.headers)).toEqual([made]);

    // Signs up with it only now.
    await t.expect(
      202,
      "POST",
      "/user/v1/accounts",
      { name: "Eve", email, password: "eve's password" },
      { authorization: "" },
    );
    const code = codeIn(await catcher.take(email, /^Confirm/));
    await t.expect(
      200,
      "POST",
      "/user/v1/email-confirmation",
      { code, password: "eve's password" },
      { authorization: "" },
    );
    const { token, account } = await signIn(email, "eve's password");
    const eve = { ...account, token, headers: { authorization: `Bearer ${token}` } };
    expect(await mine(eve.headers)).toEqual([
      expect.objectContaining({ id: made.id, organization: { id, name: "Acme & Söhne" }, role: "developer" }),
    ]);
    await t.expect(404, "GET", `${path}/${id}`, undefined, eve.headers);
    const accepted = await accept(made.id, eve);
    expect(accepted.status).toBe(200);
    expect(await accepted.json()).toEqual({ organization: { id, name: "Acme & Söhne" }, role: "developer" });
    expect(await t.expect(200, "GET", `${path}/${id}`, undefined, eve.headers)).toMatchObject({
      role: "developer",
    });
    expect(await mine(eve.headers)).toEqual([]);
    expect(await listed(id, ada.headers)).toEqual([]);
    expect(await audits(made.id)).toEqual([
      {
        action: "invitation.create",
        actor: `user:${ada.id}`,
        before: null,
        after: { organization: id, email, role: "developer" },
      },
      {
        action: "invitation.accept",
        actor: `user:${eve.id}`,
        before: { status: "pending" },
        after: { status: "accepted", organization: id, account: eve.id, role: "developer" },
      },
    ]);
    expect(await codeOf(await invite(ada, id, email, "viewer"))).toBe("409 already_member");
  });

  test("is sent once and one for one Idempotency-Key, and makes one member with another", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await person();
    const headers = { ...ada.headers, "idempotency-key": randomBytes(8).toString("hex") };
    const body = { email: eve.email, role: "viewer" };
    const answers: Invitation[] = [];
    for (let n = 0; n < 2; n++)
      answers.push(await t.expect(201, "POST", `${path}/${id}/invitations`, body, headers));
    expect(answers[0]).toEqual(answers[1]);
    const next = await sent(ada, id, freshAddress(), "viewer");
    await catcher.take(next.email, /invited/);
    await catcher.take(eve.email, /invited/);
    expect(catcher.mails.filter(({ subject }) => subject?.includes("invited"))).toEqual([]);
    const keyed = { ...eve.headers, "idempotency-key": "accept" };
    for (let n = 0; n < 2; n++) {
      const where = `/user/v1/invitations/${answers[0]?.id}/acceptance`;
      await t.expect(200, "POST", where, undefined, keyed);
    }
    expect(await membersOf(id, eve.id)).toHaveLength(1);
  });

  test.each([
    ["in the language of its reader's account", {}, { language: "de" }, /^Sie sind in eine/],
    ["in that of who sends it where there is no account", { language: "de" }, undefined, /^Sie sind in eine/],
  ])("is written %s", async (_, ofInviter, ofReader, subject) => {
    const ada = await person(ofInviter);
    const { id } = await found(ada);
    const email = ofReader ? await verified(ofReader) : freshAddress();
    await sent(ada, id, email, "viewer");
    expect((await catcher.take(email, subject)).html).toContain('<html lang="de">');
  });

  test("does not carry what a name has of a link", async () => {
    const ada = await person();
    for (const name of [
      "Pay at evil.example",
      "https://evil.example",
      "evil@evil.example",
      "www evil",
      "evil。example",
    ]) {
      const { id } = await found(ada, name);
      const email = freshAddress();
      await sent(ada, id, email, "viewer");
      const letter = await catcher.take(email, /invited/);
      expect(`${letter.text}${letter.html}`, name).not.toContain("evil");
    }
  });

  test("is replaced by another one to the same address", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await person();
    const first = await sent(ada, id, eve.email, "viewer");
    const second = await sent(ada, id, eve.email, "admin");
    expect((await listed(id, ada.headers)).map((one) => one.id)).toEqual([second.id]);
    expect((await audits(second.id))[0]).toMatchObject({ before: { replaced: [first.id] } });
    expect(await codeOf(await accept(first.id, eve))).toBe("410 code_expired");
    expect((await accept(second.id, eve)).status).toBe(200);
    expect(await membersOf(id, eve.id)).toEqual([{ role: "admin" }]);
    const one = await Promise.all([1, 2, 3].map(() => sent(ada, id, "zoe@acme.example", "viewer")));
    expect(new Set(one.map((invitation) => invitation.id)).size).toBe(3);
    expect(await listed(id, ada.headers)).toHaveLength(1);
  });

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

test("what does not fit is refused with a sentence", async () => {
  const ada = await person();
  const { id } = await found(ada);
  const body = { email: freshAddress(), role: "viewer" };
  for (const more of [
    { email: "eve" },
    { email: "eve@acme.example\r\nBcc: all@acme.example" },
    { email: "eve@acme.example,bob@acme.example" },
    { email: "еve@acme.example" },
    { email: `${"x".repeat(250)}@acme.example` },
    { email: undefined },
    { role: "member" },
    { role: "owner,admin" },
    { role: ["admin"] },
    { role: undefined },
    { inviterId: ada.id },
    { expiresAt: "2100-01-01T00:00:00Z" },
  ]) {
    const where = `${path}/${id}/invitations`;
    const problem = await t.expect<Problem>(422, "POST", where, { ...body, ...more }, ada.headers);
    expect(problem.code, JSON.stringify(more)).toBe("validation_failed");
  }
  for (const code of ["x", "inv_", `${newId("inv")}x`, encodeURIComponent("inv_\u0000"), newId("org")]) {
    await t.expect(422, "POST", `/user/v1/invitations/${code}/acceptance`, undefined, ada.headers);
    await t.expect(422, "DELETE", `/user/v1/invitations/${code}`, undefined, ada.headers);
  }
  // What somebody does for themselves is done by nobody else.
  for (const [method, where] of [
    ["GET", "/user/v1/invitations"],
    ["POST", `/user/v1/invitations/${newId("inv")}/acceptance`],
  ] as const)
    await t.expect(403, method, where);
  expect(await listed(id, ada.headers)).toEqual([]);
});

test("staff who act as somebody make no organisation, invite nobody, accept nothing and change no role", async () => {
  const ada = await person();
  const { id } = await found(ada);
  const eve = await member(ada, id, "viewer");
  const { id: invitation } = await sent(eve, id, ada.email, "viewer");
  expect(invitation).toBeUndefined();
  await t.rows("auth", "update sessions set impersonated_by = $1 where user_id = $2", [t.staff.user, ada.id]);
  const ways: Array<[string, string, unknown?]> = [
    ["POST", path, { name: "X" }],
    ["POST", `${path}/${id}/invitations`, { email: freshAddress(), role: "owner" }],
    ["PATCH", `${path}/${id}/members/${eve.id}`, { role: "owner" }],
    ["POST", `/user/v1/invitations/${newId("inv")}/acceptance`],
    ["DELETE", `/tenant/v1/organizations/${id}`],
  ];
  for (const [method, where, body] of ways) await t.expect(403, method, where, body, ada.headers);
  await t.expect(200, "GET", `${path}/${id}`, undefined, ada.headers);
});
