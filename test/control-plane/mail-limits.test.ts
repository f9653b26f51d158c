import { expect, test } from "vitest";
import { limits } from "../../control-plane/http/limits.ts";
import { codeIn, freshAddress, open, password, people, withMail } from "./people.ts";
import { noLimits, withServices } from "./support.ts";

const mail = await withMail();
const t = withServices({
  mailer: mail.mailer,
  limits: { ...noLimits, mails_to: limits.mails_to, invitations: limits.invitations },
});
const { signUp, person, found, invite, verified } = people(t, mail);

const most = limits.mails_to.points;
const ask = async (path: string, email: string) => (await t.call("POST", path, { email }, open)).status;
/** What is answered when it is asked for once more than it may be. */
async function oneTooMany(askOnce: () => Promise<number>): Promise<number[]> {
  return (await Promise.all(Array.from({ length: most + 1 }, askOnce))).toSorted();
}
const allBut = (accepted: number) => [...Array<number>(most).fill(accepted), 429];

test("an address gets so many mails of a kind, whether or not it has an account", async () => {
  for (const email of [await verified(), freshAddress()]) {
    for (const path of ["/user/v1/password-resets", "/user/v1/email-verification"])
      expect(await oneTooMany(() => ask(path, email)), path).toEqual(allBut(202));
  }
});

test("who makes many organisations invites no more people for it", async () => {
  const one = await person();
  const organizations = [await found(one), await found(one)];
  const send = (n: number) => invite(one, organizations[n % 2]?.id ?? "", freshAddress(), "viewer");
  const statuses: number[] = [];
  for (let n = 0; n <= limits.invitations.points; n += 1) statuses.push((await send(n)).status);
  expect(statuses).toEqual([...Array<number>(limits.invitations.points).fill(201), 429]);
});

test("nobody can keep an owner from a new password by having other mails sent to them", async () => {
  const email = await verified();
  // One mail of this kind made the account.
  for (let n = 1; n < most; n += 1) expect((await signUp(email)).status).toBe(202);
  expect((await signUp(email)).status).toBe(429);
  const mallory = await person();
  const { id } = await found(mallory);
  expect(await oneTooMany(async () => (await invite(mallory, id, email, "viewer")).status)).toEqual(
    allBut(201),
  );
  expect(await ask("/user/v1/password-resets", email)).toBe(202);
  const code = codeIn(await mail.catcher.take(email, /Set a new password/));
  await t.expect(200, "PUT", "/user/v1/password", { code, password: `${password} 2` }, open);
});

test("nobody is kept from a mail because a stranger asked for some to the same address", async () => {
  const email = freshAddress();
  const mallory = await person();
  const malloryTeam = await found(mallory);
  const bob = await person();
  const bobTeam = await found(bob);
  expect(
    await oneTooMany(async () => (await invite(mallory, malloryTeam.id, email, "viewer")).status),
  ).toEqual(allBut(201));
  expect((await invite(bob, bobTeam.id, email, "viewer")).status).toBe(201);

  const from = async (address: string) => {
    const request = new Request("http://localhost/user/v1/password-resets", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email }),
    });
    const answer = await t.services.fetch(request, { incoming: { socket: { remoteAddress: address } } });
    return answer.status;
  };
  expect(await oneTooMany(() => from("192.0.2.66"))).toEqual(allBut(202));
  expect(await from("192.0.2.1")).toBe(202);
});
