import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { Role } from "../../control-plane/access/roles.ts";
import { newId } from "../../control-plane/ids.ts";
import { membersOf, organizationRows } from "./organization-rows.ts";
import { type Organization, type Person, organizationsPath as path, people, withMail } from "./people.ts";
import { type Problem, withServices } from "./support.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const { person, found, member } = people(t, mail);
const { audits, rolesIn, keyOf } = organizationRows(t);

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
    await t.expect(200, "GET", membersOf(id));

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
      ["GET", membersOf(id), undefined, "viewer", 200],
      ["PATCH", `${path}/${id}`, { name: "Acme" }, "admin", 200],
      ["PATCH", `${membersOf(id)}/${ghost}`, { role: "viewer" }, "admin", 404],
      ["DELETE", `${membersOf(id)}/${ghost}`, undefined, "admin", 404],
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
    await t.expect(200, "GET", membersOf(id), undefined, await keyOf(ada.id, id, { scope: "read" }));
    await t.expect(403, "GET", membersOf(id), undefined, await keyOf(ada.id, id, { tenant: newId("ten") }));
    // Staff who are no members look, and do not act as one.
    const staff = await person();
    await t.rows("auth", "update users set staff = true where id = $1", [staff.id]);
    await t.expect(200, "GET", `${path}/${id}`, undefined, staff.headers);
    await t.expect(403, "PATCH", `${path}/${id}`, { name: "X" }, staff.headers);
    await t.expect(403, "DELETE", `/tenant/v1/organizations/${id}`, undefined, staff.headers);
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
