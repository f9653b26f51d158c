import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { type Invitation, invitationCalls } from "./invitation-calls.ts";
import { codeIn, freshAddress, organizationsPath as path, people, withMail } from "./people.ts";
import { type Problem, withServices } from "./support.ts";

const mail = await withMail();
const { catcher } = mail;
const t = withServices({ mailer: mail.mailer });
const they = people(t, mail);
const { person, found, member, invite, accept, verified, signIn } = they;
const { sent, mine, listed, codeOf, audits, membersOf } = invitationCalls(t, they);

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
