import { describe, expect, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { organizationRows } from "./organization-rows.ts";
import { organizationsPath as path, people, withMail } from "./people.ts";
import { freshSlug, newTenantBody, type Problem, type TenantAnswer, withServices } from "./support.ts";
import { untilGone, untilStatus, work } from "./worker.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const { person, found, member, invite } = people(t, mail);
const { keyOf, atOnce } = organizationRows(t);

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
