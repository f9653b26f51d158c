import { describe, expect, test } from "vitest";
import type { Role } from "../../control-plane/access/roles.ts";
import { newId } from "../../control-plane/ids.ts";
import { membersOf, organizationRows, theRowOf } from "./organization-rows.ts";
import { freshAddress, organizationsPath as path, people, withMail } from "./people.ts";
import { freshSlug, newTenantBody, type TenantAnswer, withServices } from "./support.ts";
import { untilStatus } from "./worker.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const { person, found, member, invite } = people(t, mail);
const { audits, rolesIn, keyOf, atOnce } = organizationRows(t);

describe("members", () => {
  test("are listed page by page", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await member(ada, id, "developer");
    const first = await t.expect<{ items: unknown[]; nextCursor: string }>(
      200,
      "GET",
      `${membersOf(id)}?limit=1`,
      undefined,
      eve.headers,
    );
    const second = await t.expect<{ items: unknown[]; nextCursor: null }>(
      200,
      "GET",
      `${membersOf(id)}?limit=1&cursor=${first.nextCursor}`,
      undefined,
      eve.headers,
    );
    expect(second.nextCursor).toBeNull();
    const both = [ada, eve].map(({ id, name, email }, n) => ({
      account: { id, name, email },
      role: n === 0 ? "owner" : "developer",
      since: expect.stringMatching(/Z$/),
    }));
    expect([...first.items, ...second.items]).toEqual(expect.arrayContaining(both));
    for (const cursor of ["x", Buffer.from("v1:7").toString("base64url"), `${first.nextCursor}A`])
      await t.expect(422, "GET", `${membersOf(id)}?cursor=${cursor}`, undefined, eve.headers);
  });

  test("get another role by an admin, and owners by owners only", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await member(ada, id, "admin");
    const bob = await member(eve, id, "viewer");
    const change = (who: string, role: Role, by: { headers: Record<string, string> }) =>
      t.call("PATCH", `${membersOf(id)}/${who}`, { role }, by.headers);
    expect(await (await change(bob.id, "developer", eve)).json()).toEqual({ role: "developer" });
    for (const refused of [
      await change(bob.id, "owner", eve),
      await change(eve.id, "owner", eve),
      await change(ada.id, "viewer", eve),
      await t.call("DELETE", `${membersOf(id)}/${ada.id}`, undefined, eve.headers),
      await invite(eve, id, "zoe@acme.example", "owner"),
      await change(bob.id, "viewer", bob),
    ]) {
      expect(refused.status).toBe(403);
    }
    expect(await rolesIn(id)).toEqual(["admin", "developer", "owner"]);
    expect((await change(eve.id, "owner", ada)).status).toBe(200);
    expect((await change(ada.id, "viewer", eve)).status).toBe(200);
    // At once: the former owner is one no more.
    expect((await change(bob.id, "admin", ada)).status).toBe(403);
    const told = (await audits(bob.id)).filter(({ action }) => action === "member.change-role");
    expect(told).toEqual([
      {
        action: "member.change-role",
        actor: `user:${eve.id}`,
        before: { organization: id, role: "viewer" },
        after: { organization: id, role: "developer" },
      },
    ]);
    for (const role of ["", "Owner", "owner,admin", "member", null, ["owner"]])
      await t.expect(422, "PATCH", `${membersOf(id)}/${bob.id}`, { role }, eve.headers);
    await t.expect(422, "PATCH", `${membersOf(id)}/bob`, { role: "viewer" }, eve.headers);
  });

  test("who are removed are refused at once everywhere, and so are their keys, also when they come back", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await member(ada, id, "developer");
    const body = newTenantBody(freshSlug(), { organization: id });
    const { tenant, operation } = await t.expect<TenantAnswer>(
      202,
      "POST",
      "/tenant/v1/tenants",
      body,
      eve.headers,
    );
    await untilStatus(t, tenant.slug, "creating");
    const key = await keyOf(eve.id, id);
    const sights = [
      `/tenant/v1/tenants/${tenant.slug}`,
      `/instance/v1/operations/${operation.id}`,
      `${path}/${id}`,
    ];
    for (const headers of [eve.headers, key])
      for (const sight of sights) await t.expect(200, "GET", sight, undefined, headers);
    const gone = await t.call("DELETE", `${membersOf(id)}/${eve.id}`, undefined, ada.headers);
    expect(gone.status).toBe(204);
    for (const sight of sights) {
      await t.expect(404, "GET", sight, undefined, eve.headers);
      await t.expect(401, "GET", sight, undefined, key);
    }
    const entry = (await audits(eve.id)).at(-1);
    expect(entry).toMatchObject({
      action: "member.remove",
      before: { organization: id, role: "developer", keys: [expect.stringMatching(/^key_/)] },
    });
    const revoked = "select actor from audit where action = 'key.revoke' and before->>'organization' = $1";
    expect(await t.rows("auth", revoked, [id])).toEqual([{ actor: `user:${ada.id}` }]);
    await t.expect(404, "DELETE", `${membersOf(id)}/${eve.id}`, undefined, ada.headers);
    await t.rows(
      "auth",
      "insert into members (id, organization_id, user_id, role) values ($1, $2, $3, 'owner')",
      [newId("mem"), id, eve.id],
    );
    await t.expect(200, "GET", `${path}/${id}`, undefined, eve.headers);
    await t.expect(401, "GET", `${path}/${id}`, undefined, key);
  });

  test("who are removed are not given the answers again that their keys of idempotency had", async () => {
    const [ada, eve] = [await person(), await person()];
    const { id } = await found(ada);
    const sent = await (await invite(ada, id, eve.email, "owner")).json();
    const headers = { ...eve.headers, "idempotency-key": "once" };
    const again = { ...eve.headers, "idempotency-key": "twice" };
    const tenant = newTenantBody(freshSlug(), { organization: id });
    const requests: Array<[status: number, path: string, body: unknown, headers: Record<string, string>]> = [
      [200, `/user/v1/invitations/${(sent as { id: string }).id}/acceptance`, undefined, headers],
      [201, `${path}/${id}/api-keys`, { name: "Deployment", scope: "write" }, again],
      [
        201,
        `${path}/${id}/invitations`,
        { email: freshAddress(), role: "viewer" },
        { ...again, "idempotency-key": "3" },
      ],
      [202, "/tenant/v1/tenants", tenant, headers],
    ];
    for (const [status, ...request] of requests) await t.expect(status, "POST", ...request);
    const { operation } = await t.expect<TenantAnswer>(202, "POST", "/tenant/v1/tenants", tenant, headers);
    const cancel = `/instance/v1/operations/${operation.id}/cancel`;
    requests.push([202, cancel, undefined, headers]);
    for (const [status, ...request] of requests) await t.expect(status, "POST", ...request);
    const gone = await t.call("DELETE", `${membersOf(id)}/${eve.id}`, undefined, ada.headers);
    expect(gone.status).toBe(204);
    for (const [, ...request] of requests)
      expect((await t.call("POST", ...request)).status, request[0]).toBe(404);
  });

  test("leave, but for the last owner, who is neither removed nor demoted", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await member(ada, id, "viewer");
    const leave = (headers: Record<string, string>) =>
      t.call("DELETE", `${path}/${id}/membership`, undefined, headers);
    for (const refused of [
      await leave(ada.headers),
      await t.call("DELETE", `${membersOf(id)}/${ada.id}`, undefined, ada.headers),
      await t.call("PATCH", `${membersOf(id)}/${ada.id}`, { role: "admin" }, ada.headers),
    ]) {
      expect(await refused.json()).toMatchObject({ status: 409, code: "last_owner" });
    }
    expect((await leave(eve.headers)).status).toBe(204);
    expect((await leave(eve.headers)).status).toBe(404);
    expect((await audits(eve.id)).at(-1)).toMatchObject({
      action: "member.leave",
      before: { organization: id, role: "viewer" },
    });
    const bob = await member(ada, id, "owner");
    expect((await leave(ada.headers)).status).toBe(204);
    expect(await (await leave(bob.headers)).json()).toMatchObject({ code: "last_owner" });
  });

  test.each(["leave", "are removed by each other", "are demoted by each other", "demote themselves"])(
    "of two owners who at the same moment %s one stays",
    async (how) => {
      const ada = await person();
      const { id } = await found(ada);
      const eve = await member(ada, id, "owner");
      const act = (one: typeof ada, other: typeof ada) => () => {
        if (how === "leave") return t.call("DELETE", `${path}/${id}/membership`, undefined, one.headers);
        if (how === "are removed by each other")
          return t.call("DELETE", `${membersOf(id)}/${other.id}`, undefined, one.headers);
        const who = how === "demote themselves" ? one : other;
        return t.call("PATCH", `${membersOf(id)}/${who.id}`, { role: "viewer" }, one.headers);
      };
      const answers = await atOnce(theRowOf(id), [act(ada, eve), act(eve, ada)]);
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
      const refused = answers.find(({ ok }) => !ok);
      // Whoever was removed or demoted first is no owner any more when their turn comes.
      expect(refused?.status).toBe(
        { leave: 409, "demote themselves": 409 }[how] ?? (how.includes("removed") ? 404 : 403),
      );
      expect((await rolesIn(id)).filter((role) => role === "owner")).toHaveLength(1);
    },
  );
});
