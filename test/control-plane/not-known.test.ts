import { expect, test } from "vitest";
import { limits } from "../../control-plane/http/limits.ts";
import { apiKey, noLimits, withServices } from "./support.ts";

const t = withServices({
  limits: {
    ...noLimits,
    not_known: { ...limits.not_known, points: 3 },
    writes: { ...limits.writes, points: 20 },
  },
});

async function ask(address: string, headers: Record<string, string>, path = "/tenant/v1/tenants") {
  const request = new Request(`http://localhost${path}`, { headers });
  const answer = await t.services.fetch(request, { incoming: { socket: { remoteAddress: address } } });
  return { status: answer.status, retryAfter: answer.headers.get("retry-after") };
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("who tries tokens is told to slow down by their address, in all services together, and who has a good one is not", async () => {
  const here = "192.0.2.1";
  expect((await ask(here, bearer("berth_no"))).status).toBe(401);
  expect((await ask(here, bearer("nor.this.one"), "/user/v1/sessions")).status).toBe(401);
  expect((await ask(here, {}, "/instance/v1/operations")).status).toBe(401);
  const refused = await ask(here, bearer("berth_again"));
  expect(refused.status).toBe(429);
  expect(Number(refused.retryAfter)).toBeGreaterThan(0);
  expect((await ask(here, {}, "/user/v1/sessions")).status).toBe(429);

  expect((await ask(here, bearer(apiKey))).status).toBe(200);
  expect((await ask("192.0.2.2", bearer("berth_no"))).status).toBe(401);
});

test("who asks for what they may not is counted as for anything else", async () => {
  const body = { name: "robot", scope: "read" };
  const statuses: number[] = [];
  for (let n = 0; n <= limits.writes.points && statuses.at(-1) !== 429; n += 1)
    statuses.push((await t.call("POST", "/user/v1/staff/api-keys", body)).status);
  expect(new Set(statuses.slice(0, -1))).toEqual(new Set([403]));
  expect(statuses.at(-1)).toBe(429);
});
