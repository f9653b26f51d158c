import { expect, test } from "vitest";
import { password, people, withMail } from "./people.ts";
import { withServices } from "./support.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer, proxies: ["127.0.0.1"] });
const { verified } = people(t, mail);

/** Tries to sign in from an address behind the proxy, and gives the status. */
async function tryFrom(address: string, email: string, secret: string): Promise<number> {
  const request = new Request("http://localhost/user/v1/sessions", {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": `198.51.100.1, ${address}` },
    body: JSON.stringify({ email, password: secret }),
  });
  const env = { incoming: { socket: { remoteAddress: "127.0.0.1" } } };
  return (await t.services.fetch(request, env)).status;
}

test("whoever comes through a proxy of ours is told from others, and locks none of them out", async () => {
  const email = await verified();
  const guesses: number[] = [];
  for (let n = 0; n < 11; n += 1) guesses.push(await tryFrom("203.0.113.66", email, "a guess of theirs"));
  expect(guesses).toEqual([...Array<number>(10).fill(401), 429]);
  expect(await tryFrom("192.0.2.10", email, password)).toBe(201);
  const origin = "select origin from audit where action = 'session.begin' order by id desc limit 1";
  expect(await t.rows("auth", origin)).toEqual([{ origin: "192.0.2.10" }]);
});
