import { createHash, randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { Role } from "../../control-plane/access/roles.ts";
import { withClient } from "../../control-plane/database.ts";
import { newId } from "../../control-plane/ids.ts";
import { until } from "../../control-plane/until.ts";
import {
  as,
  freshAddress,
  type Organization,
  type Person,
  organizationsPath as path,
  people,
  withMail,
} from "./people.ts";
import { freshSlug, newTenantBody, type Problem, type TenantAnswer, withServices } from "./support.ts";
import { untilGone, untilStatus, work } from "./worker.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const { person, found, member, invite } = people(t, mail);

const members = (id: string) => `${path}/${id}/members`;
const audits = (target: string) =>
  t.rows("auth", "select action, actor, before, after from audit where target = $1 order by id", [target]);
const rolesIn = async (id: string) =>
  (await t.rows("auth", "select role from members where organization_id = $1 order by role", [id])).map(
    ({ role }) => role,
  );

/** A key as POST /user/v1/keys would write it. */
async function keyOf(
  user: string,
  organization: string | null,
  more: { tenant?: string; scope?: string } = {},
) {
  const key = `berth_${randomBytes(24).toString("hex")}`;
  await t.rows(
    "auth",
    "insert into api_keys (id, reference_id, key, scope, organization_id, tenant_id) values ($1, $2, $3, $4, $5, $6)",
    [
      newId("key"),
      user,
      createHash("sha256").update(key).digest("base64url"),
      more.scope ?? "write",
      organization,
      more.tenant ?? null,
    ],
  );
  return as(key);
}

/** Runs calls that come to wait for what a statement holds, and lets it go when all of them do, after a last one. */
async function atOnce<T>(
  hold: { service: "auth" | "tenant"; text: string; values: unknown[]; last?: [string, unknown[]] },
  calls: Array<() => Promise<T>>,
): Promise<T[]> {
  const { server, names } = t.databases;
  const database = names[hold.service];
  return withClient(server.login("postgres", database), "test", async (client) => {
    await client.query("begin");
    await client.query(hold.text, hold.values);
    const running = Promise.all(calls.map((call) => call()));
    const waiting =
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await until(async () => (await server.sql(waiting, [], database)).length === calls.length, {
      what: "all calls to wait",
      deadlineMs: 10_000,
      everyMs: 5,
    });
    if (hold.last) await client.query(...hold.last);
    await client.query("commit");
    return running;
  });
}

/** The row that whatever changes the members of an organisation waits for. */
const theRowOf = (id: string) => ({
  service: "auth" as const,
  text: "select from organizations where id = $1 for update",
  values: [id],
});

describe("an organisation", () => {
  test("is made by a person, who owns it, and by nobody else", async () => {
    const ada = await person();
    const made = await found(ada, "Acme Ltd");
    expect(made).toEqual({
      id: expect.stringMatching(/^org_[a-z][a-z0-9]{15}$/),
      name: "Acme Ltd",
      role: "owner",
      createdAt: expect.stringMatching(/Z$/),
    });
    expect(await t.expect(200, "GET", path, undefined, ada.headers)).toEqual({
      items: [made],
      nextCursor: null,
    });
    expect(await t.expect(200, "GET", `${path}/${made.id}`, undefined, ada.headers)).toEqual(made);
    expect(await audits(made.id)).toEqual([
      { action: "organization.create", actor: `user:${ada.id}`, before: null, after: { name: "Acme Ltd" } },
    ]);
    const [row] = await t.rows("auth", "select slug from organizations where id = $1", [made.id]);
    expect(row?.slug).not.toMatch(/acme/i);
    for (const headers of [await keyOf(ada.id, made.id), {}])
      await t.expect(403, "POST", path, { name: "X" }, headers);
    await t.expect(401, "POST", path, { name: "X" }, { authorization: "" });
  });

  test("is made once for one Idempotency-Key, also by requests at once", async () => {
    const ada = await person();
    const headers = { ...ada.headers, "idempotency-key": randomBytes(8).toString("hex") };
    const answers = await Promise.all(
      [1, 2, 3].map(() => t.expect<Organization>(201, "POST", path, { name: "Acme" }, headers)),
    );
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    await t.expect(422, "POST", path, { name: "Other" }, headers);
    expect(await t.rows("auth", "select from members where user_id = $1", [ada.id])).toHaveLength(1);
  });

  test("may be one of twenty that a person owns, however many are made at once", async () => {
    const ada = await person();
    const answers = await Promise.all(
      Array.from({ length: 22 }, (_, n) => t.call("POST", path, { name: `Acme ${n}` }, ada.headers)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
    const refused = answers.find(({ status }) => status !== 201);
    expect((await refused?.json()) as Problem).toMatchObject({ status: 409, code: "conflict" });
    expect(await t.rows("auth", "select from members where user_id = $1", [ada.id])).toHaveLength(20);

    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: { items: Organization[]; nextCursor: string | null } = await t.expect(
        200,
        "GET",
        `${path}?limit=6${cursor && `&cursor=${cursor}`}`,
        undefined,
        ada.headers,
      );
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toHaveLength(20);
    expect(seen).toEqual([...new Set(seen)].toSorted());
  });

  test("is renamed by its admins", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await member(ada, id, "admin");
    const changed = await t.expect(200, "PATCH", `${path}/${id}`, { name: "New" }, eve.headers);
    expect(changed).toMatchObject({ id, name: "New", role: "admin" });
    await t.expect(200, "PATCH", `${path}/${id}`, { name: "New" }, eve.headers);
    const changes = (await audits(id)).filter(({ action }) => action === "organization.change");
    expect(changes).toEqual([
      {
        action: "organization.change",
        actor: `user:${eve.id}`,
        before: { name: "Acme" },
        after: { name: "New" },
      },
    ]);
  });

  test("is seen by staff, and by nobody else who is not in it", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const page = await t.expect<{ items: Organization[] }>(200, "GET", `${path}?limit=100`);
    expect(page.items).toContainEqual(expect.objectContaining({ id, role: null }));
    expect(page.items).toContainEqual(
      expect.objectContaining({ id: t.staff.organization, role: expect.any(String) }),
    );
    expect(await t.expect(200, "GET", `${path}/${id}`)).toMatchObject({ id, role: null });
    await t.expect(200, "GET", members(id));

    const other = await person();
    const key = await keyOf(other.id, (await found(other)).id);
    const strange = newId("org");
    const ways: Array<[string, string, unknown?]> = [
      ["GET", ""],
      ["PATCH", "", { name: "Mine" }],
      ["GET", "/members"],
      ["PATCH", `/members/${ada.id}`, { role: "viewer" }],
      ["DELETE", `/members/${ada.id}`],
      ["DELETE", "/membership"],
      ["GET", "/invitations"],
      ["POST", "/invitations", { email: "eve@acme.example", role: "viewer" }],
      ["DELETE", `/invitations/${newId("inv")}`],
    ];
    for (const [method, rest, body] of ways) {
      const answer = async (organization: string) => {
        const response = await t.call(method, `${path}/${organization}${rest}`, body, other.headers);
        const { requestId: _, ...problem } = (await response.json()) as Problem;
        return JSON.stringify(problem).replaceAll(organization, "?");
      };
      const about = `${method} ${rest}`;
      expect(await answer(id), about).toContain('"code":"not_found"');
      expect(await answer(id), about).toBe(await answer(strange));
      if (method === "GET" && !rest.startsWith("/inv"))
        await t.expect(404, method, `${path}/${id}${rest}`, body, key);
    }
    for (const organization of [id, strange])
      await t.expect(404, "DELETE", `/tenant/v1/organizations/${organization}`, undefined, other.headers);
    expect(await rolesIn(id)).toEqual(["owner"]);
  });

  test("lets each role do what it may", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const of = {
      owner: ada,
      admin: await member(ada, id, "admin"),
      developer: await member(ada, id, "developer"),
      viewer: await member(ada, id, "viewer"),
    } satisfies Record<Role, unknown>;
    const ghost = newId("usr");
    const ways: Array<[string, string, unknown, Role, number]> = [
      ["GET", `${path}/${id}`, undefined, "viewer", 200],
      ["GET", members(id), undefined, "viewer", 200],
      ["PATCH", `${path}/${id}`, { name: "Acme" }, "admin", 200],
      ["PATCH", `${members(id)}/${ghost}`, { role: "viewer" }, "admin", 404],
      ["DELETE", `${members(id)}/${ghost}`, undefined, "admin", 404],
      ["GET", `${path}/${id}/invitations`, undefined, "admin", 200],
      ["DELETE", `${path}/${id}/invitations/${newId("inv")}`, undefined, "admin", 404],
    ];
    const order: Role[] = ["viewer", "developer", "admin", "owner"];
    for (const [method, where, body, needed, status] of ways) {
      for (const role of order) {
        const expected = order.indexOf(role) < order.indexOf(needed) ? 403 : status;
        const answer = await t.call(method, where, body, of[role].headers);
        expect(answer.status, `${method} ${where} as ${role}`).toBe(expected);
      }
    }
    // What people do, keys do not; and a key for one tenant is not told who is there.
    await t.expect(403, "PATCH", `${path}/${id}`, { name: "X" }, await keyOf(ada.id, id));
    await t.expect(200, "GET", members(id), undefined, await keyOf(ada.id, id, { scope: "read" }));
    await t.expect(403, "GET", members(id), undefined, await keyOf(ada.id, id, { tenant: newId("ten") }));
    // Staff who are no members look, and do not act as one.
    const staff = await person();
    await t.rows("auth", "update users set staff = true where id = $1", [staff.id]);
    await t.expect(200, "GET", `${path}/${id}`, undefined, staff.headers);
    await t.expect(403, "PATCH", `${path}/${id}`, { name: "X" }, staff.headers);
    await t.expect(403, "DELETE", `/tenant/v1/organizations/${id}`, undefined, staff.headers);
  });
});

describe("members", () => {
  test("are listed page by page", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await member(ada, id, "developer");
    const first = await t.expect<{ items: unknown[]; nextCursor: string }>(
      200,
      "GET",
      `${members(id)}?limit=1`,
      undefined,
      eve.headers,
    );
    const second = await t.expect<{ items: unknown[]; nextCursor: null }>(
      200,
      "GET",
      `${members(id)}?limit=1&cursor=${first.nextCursor}`,
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
      await t.expect(422, "GET", `${members(id)}?cursor=${cursor}`, undefined, eve.headers);
  });

  test("get another role by an admin, and owners by owners only", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const eve = await member(ada, id, "admin");
    const bob = await member(eve, id, "viewer");
    const change = (who: string, role: Role, by: { headers: Record<string, string> }) =>
      t.call("PATCH", `${members(id)}/${who}`, { role }, by.headers);
    expect(await (await change(bob.id, "developer", eve)).json()).toEqual({ role: "developer" });
    for (const refused of [
      await change(bob.id, "owner", eve),
      await change(eve.id, "owner", eve),
      await change(ada.id, "viewer", eve),
      await t.call("DELETE", `${members(id)}/${ada.id}`, undefined, eve.headers),
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
      await t.expect(422, "PATCH", `${members(id)}/${bob.id}`, { role }, eve.headers);
    await t.expect(422, "PATCH", `${members(id)}/bob`, { role: "viewer" }, eve.headers);
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
    const gone = await t.call("DELETE", `${members(id)}/${eve.id}`, undefined, ada.headers);
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
    await t.expect(404, "DELETE", `${members(id)}/${eve.id}`, undefined, ada.headers);
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
    const gone = await t.call("DELETE", `${members(id)}/${eve.id}`, undefined, ada.headers);
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
      await t.call("DELETE", `${members(id)}/${ada.id}`, undefined, ada.headers),
      await t.call("PATCH", `${members(id)}/${ada.id}`, { role: "admin" }, ada.headers),
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
          return t.call("DELETE", `${members(id)}/${other.id}`, undefined, one.headers);
        const who = how === "demote themselves" ? one : other;
        return t.call("PATCH", `${members(id)}/${who.id}`, { role: "viewer" }, one.headers);
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

describe("the end of an organisation", () => {
  const end = (id: string, headers: Record<string, string>) =>
    t.call("DELETE", `/tenant/v1/organizations/${id}`, undefined, headers);

  test("takes members, invitations and keys with it, and is told in both services", async () => {
    const ada = await person();
    const { id } = await found(ada, "Gone Ltd");
    const eve = await member(ada, id, "admin");
    const key = await keyOf(eve.id, id);
    await invite(ada, id, "zoe@acme.example", "viewer");
    expect((await end(id, eve.headers)).status).toBe(403);
    expect((await end(id, key)).status).toBe(403);
    await t.expect(200, "GET", `${path}/${id}`, undefined, key);
    const response = await t.call("DELETE", `/tenant/v1/organizations/${id}`, undefined, {
      ...ada.headers,
      "x-request-id": "the-end-of-gone",
    });
    expect(response.status).toBe(204);
    for (const table of ["members", "invitations", "api_keys"])
      expect(await t.rows("auth", `select from ${table} where organization_id = $1`, [id])).toEqual([]);
    for (const where of [`${path}/${id}`, "/tenant/v1/tenants"])
      await t.expect(401, "GET", where, undefined, key);
    await t.expect(404, "GET", `${path}/${id}`, undefined, ada.headers);
    expect((await end(id, ada.headers)).status).toBe(404);
    const told = (service: "auth" | "tenant") =>
      t.rows(service, "select action, actor, target, before from audit where request_id = 'the-end-of-gone'");
    const common = { actor: `user:${ada.id}`, target: id };
    expect(await told("tenant")).toEqual([{ ...common, action: "organization.close", before: null }]);
    expect(await told("auth")).toEqual([
      { ...common, action: "organization.delete", before: { name: "Gone Ltd", members: 2 } },
    ]);
    // Staff's keys are for all there are, and this one is not any more.
    await t.expect(422, "POST", "/tenant/v1/tenants", newTenantBody(freshSlug(), { organization: id }));
  });

  test("is refused while it has a tenant, one that is being deleted as well", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const slug = freshSlug();
    const { tenant } = await t.expect<TenantAnswer>(
      202,
      "POST",
      "/tenant/v1/tenants",
      newTenantBody(slug),
      ada.headers,
    );
    const refused = (await (await end(id, ada.headers)).json()) as Problem;
    expect(refused).toMatchObject({ status: 409, code: "organization_in_use" });
    expect(refused.detail).toContain(slug);
    await untilStatus(t, slug, "creating");
    await work(t, tenant.id);
    await t.expect(202, "DELETE", `/tenant/v1/tenants/${slug}`, undefined, ada.headers);
    expect((await end(id, ada.headers)).status).toBe(409);
    await work(t, tenant.id);
    await untilGone(t, slug);
    expect((await end(id, ada.headers)).status).toBe(204);
  });

  test("that is refused closes nothing", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const make = () => t.call("POST", "/tenant/v1/tenants", newTenantBody(freshSlug()), ada.headers);
    expect((await make()).status).toBe(202);
    expect((await end(id, ada.headers)).status).toBe(409);
    expect((await make()).status).toBe(202);
    const refused = (await (await end(id, ada.headers)).json()) as Problem;
    expect(refused.detail).toContain("2 tenants");
  });

  test("that stops half-way leaves no way to a tenant, and is finished by asking again", async () => {
    const ada = await person();
    const { id } = await found(ada);
    // As if the user service had died at it: the transaction is not committed.
    await t.rows(
      "auth",
      `create function die() returns trigger language plpgsql as $$ begin raise 'died'; end $$;
       create trigger die before delete on organizations for each row execute function die()`,
    );
    try {
      const half = await end(id, ada.headers);
      expect(await half.json()).toMatchObject({ status: 503, code: "service_unavailable" });
      expect(half.headers.get("retry-after")).toBe("2");
      await t.expect(200, "GET", `${path}/${id}`, undefined, ada.headers);
      const refused = await t.expect<Problem>(
        409,
        "POST",
        "/tenant/v1/tenants",
        newTenantBody(freshSlug()),
        ada.headers,
      );
      expect(refused).toMatchObject({ code: "conflict", detail: expect.stringContaining("being deleted") });
    } finally {
      await t.rows("auth", "drop trigger die on organizations; drop function die()");
    }
    expect((await end(id, ada.headers)).status).toBe(204);
    const closings = "select from audit where action = 'organization.close' and target = $1";
    expect(await t.rows("tenant", closings, [id])).toHaveLength(1);
  });

  test("and a tenant that is made at the same moment exclude each other", async () => {
    for (let n = 0; n < 5; n++) {
      const ada = await person();
      const { id } = await found(ada);
      const [made, ended] = await Promise.all([
        t.call("POST", "/tenant/v1/tenants", newTenantBody(freshSlug(), { organization: id }), ada.headers),
        end(id, ada.headers),
      ]);
      const tenants = await t.rows("tenant", "select from tenants where organization_id = $1", [id]);
      const organizations = await t.rows("auth", "select from organizations where id = $1", [id]);
      expect(tenants.length, `${made.status} ${ended.status}`).toBe(made.status === 202 ? 1 : 0);
      expect(organizations.length, `${made.status} ${ended.status}`).toBe(ended.status === 204 ? 0 : 1);
      expect(tenants.length).toBe(organizations.length);
    }
  });

  test("waits for whoever makes a tenant of it at that moment", async () => {
    const ada = await person();
    const { id } = await found(ada);
    // As a request does that makes one: it holds the lock, then writes, then commits.
    const making = {
      service: "tenant" as const,
      text: "select pg_advisory_xact_lock_shared(hashtextextended('organization ' || $1, 0))",
      values: [id],
      last: [
        `insert into tenants (id, organization_id, slug, name, url, admin_email, revision, operation_id, operation_kind)
         values ($1, $2, $3, 'X', 'x', 'x', 1, 'op_x', 'create')`,
        [newId("ten"), id, freshSlug()],
      ] as [string, unknown[]],
    };
    const [answer] = await atOnce(making, [() => end(id, ada.headers)]);
    expect(await answer?.json()).toMatchObject({ code: "organization_in_use" });
  });

  test("that is asked for twice at once happens once", async () => {
    const ada = await person();
    const { id } = await found(ada);
    const answers = await Promise.all([end(id, ada.headers), end(id, ada.headers)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 404]);
  });

  test("is the tenant service's to ask for, and nobody else's", async () => {
    const ada = await person();
    const { id } = await found(ada);
    for (const headers of [ada.headers, {}])
      await t.expect(403, "DELETE", `${path}/${id}?actor=user:x`, undefined, headers);
  });
});

describe("what does not fit is refused with a sentence:", () => {
  let ada: Person;
  let id: string;
  beforeAll(async () => {
    ada = await person();
    id = (await found(ada)).id;
  });

  test.each([
    ["a name that would be a header", { name: "Acme\r\nBcc: all@acme.example" }],
    ["a name with invisible characters", { name: "Acme\u202edtL" }],
    ["a name with a zero byte", { name: "Acme\u0000" }],
    ["a name with half a character", { name: "Acme \ud800" }],
    ["a name with markup", { name: "<b>Acme</b>" }],
    ["no name", {}],
    ["an empty name", { name: "   " }],
    ["a long name", { name: "x".repeat(101) }],
    ["a name that is none", { name: ["Acme"] }],
    ["a slug of one's own", { name: "Acme", slug: "acme" }],
    ["another owner", { name: "Acme", userId: "usr_a1b2c3d4e5f6g7h8" }],
    ["nothing at all", null],
  ])("%s", async (_, body) => {
    for (const [method, where] of [
      ["POST", path],
      ["PATCH", `${path}/${id}`],
    ] as const) {
      const problem = await t.expect<Problem>(422, method, where, body, ada.headers);
      expect(problem.code).toBe("validation_failed");
    }
  });

  test.each(["acme", "org_", "org_\u0000", `${newId("org")}x`, newId("usr"), "../accounts"])(
    "an id that is none: %j",
    async (one) => {
      const where = encodeURIComponent(one);
      await t.expect(422, "GET", `${path}/${where}`, undefined, ada.headers);
      await t.expect(422, "DELETE", `${path}/${where}/membership`, undefined, ada.headers);
      await t.expect(422, "DELETE", `/tenant/v1/organizations/${where}`, undefined, ada.headers);
    },
  );
});
