import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import { newId } from "../../control-plane/ids.ts";
import { putTemplate } from "../../control-plane/instance/put-template.ts";
import { addToReserve } from "../../control-plane/instance/reserve.ts";
import { offerFirstStaff } from "../../control-plane/user/staff/first-staff-code.ts";
import { createSupabase } from "../../control-plane/user/supabase/verify.ts";
import {
  as,
  codeIn,
  codeOf,
  freshAddress,
  open,
  organizationsPath,
  password,
  people,
  withMail,
} from "./people.ts";
import { standing } from "./standing.ts";
import { signWith, supabaseProject } from "./supabase-project.ts";
import { captureLog, catalogue, freshSlug, newTenantBody, withServices } from "./support.ts";
import { claimFor, createTenant, readyTenant, untilStatus, work } from "./worker.ts";

const mail = await withMail();
const project = await supabaseProject();
const signer = await project.newKey();
const supabase = createSupabase({ url: project.url, secret: undefined, log: captureLog().log });
const t = withServices({ mailer: mail.mailer, supabase });
/** Headers of somebody who comes with a Supabase token for the first time. */
const fromSupabase = async () => as(await signWith(signer, project.claims()));
const they = people(t, mail);
const { confirm, signUp, signIn, verified, person, found, invite, accept, member } = they;
const { challenge, secondFactor } = they;
const session = async () => (await person()).headers;
const { staffMember, organization } = standing(t, { person });

let database: Database;
beforeAll(() => {
  database = openDatabase({ login: t.databases.logins.user, name: "test set-up", log: captureLog().log });
});
afterAll(() => database.close());

type Row = Record<string, unknown> & { action: string };
type Service = "auth" | "tenant" | "instance";
const entries = (service: Service) => t.rows<Row>(service, "select * from audit order by id");

/** Somebody with an organisation of theirs. */
async function acme() {
  const ada = await person();
  const { id } = await found(ada);
  return { ada, id, organization: `${organizationsPath}/${id}` };
}

/** The same, and somebody else whom they have invited. */
async function invited() {
  const one = await acme();
  const eve = await person();
  const { id } = (await (await invite(one.ada, one.id, eve.email, "viewer")).json()) as { id: string };
  return { ...one, eve, invitation: id };
}

/** What each verb that changes something does; a verb that is not here fails the test. */
const verbs: Record<string, { service: Service; action: string; run: () => Promise<void> }> = {
  "post /tenant/v1/tenants": {
    service: "tenant",
    action: "tenant.create",
    run: async () => void (await createTenant(t)),
  },
  "patch /tenant/v1/tenants/{slug}": {
    service: "tenant",
    action: "tenant.change",
    run: async () => {
      const { tenant } = await createTenant(t);
      await t.expect(200, "PATCH", `/tenant/v1/tenants/${tenant.slug}`, { name: "Other" });
    },
  },
  "delete /tenant/v1/tenants/{slug}": {
    service: "tenant",
    action: "tenant.delete",
    run: async () => {
      const { tenant } = await createTenant(t);
      await t.expect(202, "DELETE", `/tenant/v1/tenants/${tenant.slug}`);
    },
  },
  "put /instance/v1/stacks/{tenant}": {
    service: "instance",
    action: "stack.destroy",
    run: async () => {
      const body = {
        desired: "absent",
        organization: null,
        operation: newId("op"),
        revision: 1,
        slug: freshSlug(),
        actor: "test",
      };
      await t.expect(200, "PUT", `/instance/v1/stacks/${newId("ten")}`, body, t.asService);
    },
  },
  "post /instance/v1/operations/{id}/cancel": {
    service: "instance",
    action: "operation.cancel",
    run: async () => {
      const { tenant, operation } = await createTenant(t);
      await untilStatus(t, tenant.slug, "creating");
      await t.expect(202, "POST", `/instance/v1/operations/${operation.id}/cancel`);
    },
  },
  "post /instance/v1/operations/{id}/retry": {
    service: "instance",
    action: "operation.retry",
    run: async () => {
      const { tenant, operation } = await createTenant(t);
      await work(t, tenant.id, "failed", { code: "x", message: "It failed." });
      await t.expect(202, "POST", `/instance/v1/operations/${operation.id}/retry`);
    },
  },
  "post /instance/v1/tenants/{tenant}/check": {
    service: "instance",
    action: "tenant.check",
    run: async () => {
      const { tenant } = await readyTenant(t);
      await t.expect(202, "POST", `/instance/v1/tenants/${tenant.slug}/check`);
    },
  },
  "post /instance/v1/tenants/{tenant}/instances/{name}/restart": {
    service: "instance",
    action: "instance.restart",
    run: async () => {
      const { tenant } = await readyTenant(t);
      await t.expect(202, "POST", `/instance/v1/tenants/${tenant.slug}/instances/production/restart`);
    },
  },
  "post /user/v1/accounts": {
    service: "auth",
    action: "account.sign-up",
    run: async () => void (await signUp(freshAddress())),
  },
  "post /user/v1/email-verification": {
    service: "auth",
    action: "account.send-verification",
    run: async () => {
      const email = freshAddress();
      await signUp(email);
      await t.expect(202, "POST", "/user/v1/email-verification", { email }, open);
    },
  },
  "post /user/v1/email-confirmation": {
    service: "auth",
    action: "account.confirm-email",
    run: async () => {
      const email = freshAddress();
      await signUp(email);
      await confirm(codeIn(await mail.catcher.take(email, /Confirm/)));
    },
  },
  "post /user/v1/password-resets": {
    service: "auth",
    action: "account.request-password-reset",
    run: async () =>
      void (await t.expect(202, "POST", "/user/v1/password-resets", { email: await verified() }, open)),
  },
  "put /user/v1/password": {
    service: "auth",
    action: "account.reset-password",
    run: async () => {
      const email = await verified();
      await t.expect(202, "POST", "/user/v1/password-resets", { email }, open);
      const code = codeIn(await mail.catcher.take(email, /new password/));
      await t.expect(200, "PUT", "/user/v1/password", { code, password: `${password}, again` }, open);
    },
  },
  "post /user/v1/sessions": {
    service: "auth",
    action: "session.begin",
    run: async () => void (await signIn(await verified())),
  },
  "delete /user/v1/sessions/current": {
    service: "auth",
    action: "session.end",
    run: async () => {
      const { token } = await signIn(await verified());
      await t.call("DELETE", "/user/v1/sessions/current", undefined, as(token));
    },
  },
  "post /user/v1/sessions/second-factor": {
    service: "auth",
    action: "session.begin",
    run: async () => {
      const email = await verified();
      const { uri } = await secondFactor((await signIn(email)).token);
      const body = { challenge: await challenge(email), code: codeOf(uri, 1) };
      await t.expect(201, "POST", "/user/v1/sessions/second-factor", body, open);
    },
  },
  "delete /user/v1/sessions/{id}": {
    service: "auth",
    action: "session.end",
    run: async () => {
      const { token } = await signIn(await verified());
      const [row] = await t.rows("auth", "select id from sessions where token = $1", [token]);
      await t.call("DELETE", `/user/v1/sessions/${row?.id}`, undefined, as(token));
    },
  },
  "delete /user/v1/sessions": {
    service: "auth",
    action: "session.end-others",
    run: async () => void (await t.call("DELETE", "/user/v1/sessions", undefined, await session())),
  },
  "post /user/v1/two-factor": {
    service: "auth",
    action: "two-factor.begin",
    run: async () => void (await t.expect(201, "POST", "/user/v1/two-factor", { password }, await session())),
  },
  "post /user/v1/two-factor/confirmation": {
    service: "auth",
    action: "two-factor.confirm",
    run: async () => void (await secondFactor((await signIn(await verified())).token)),
  },
  "delete /user/v1/two-factor": {
    service: "auth",
    action: "two-factor.remove",
    run: async () => {
      const { token } = await signIn(await verified());
      const [backupCode] = (await secondFactor(token)).backupCodes;
      await t.call("DELETE", "/user/v1/two-factor", { password, backupCode }, as(token));
    },
  },
  "post /user/v1/two-factor/backup-codes": {
    service: "auth",
    action: "two-factor.renew-backup-codes",
    run: async () => {
      const { token } = await signIn(await verified());
      const body = { password, code: codeOf((await secondFactor(token)).uri, 1) };
      await t.expect(200, "POST", "/user/v1/two-factor/backup-codes", body, as(token));
    },
  },
  "patch /user/v1/account": {
    service: "auth",
    action: "account.change",
    run: async () => void (await t.expect(200, "PATCH", "/user/v1/account", { name: "X" }, await session())),
  },
  "put /user/v1/account/password": {
    service: "auth",
    action: "account.change-password",
    run: async () => {
      const body = { current: password, password: `${password}, again` };
      await t.expect(200, "PUT", "/user/v1/account/password", body, await session());
    },
  },
  "post /user/v1/account/email": {
    service: "auth",
    action: "account.request-email-change",
    run: async () => {
      const body = { email: freshAddress(), password };
      await t.expect(202, "POST", "/user/v1/account/email", body, await session());
    },
  },
  "post /user/v1/account/email/confirmation": {
    service: "auth",
    action: "account.change-email",
    run: async () => {
      const [headers, email] = [await session(), freshAddress()];
      await t.expect(202, "POST", "/user/v1/account/email", { email, password }, headers);
      const code = codeIn(await mail.catcher.take(email, /Confirm/));
      await t.expect(200, "POST", "/user/v1/account/email/confirmation", { code }, headers);
    },
  },
  "post /user/v1/supabase-links": {
    service: "auth",
    action: "account.link",
    run: async () => {
      const token = await signWith(signer, project.claims());
      await t.expect(200, "POST", "/user/v1/supabase-links", { token }, await session());
    },
  },
  "delete /user/v1/supabase-links/{id}": {
    service: "auth",
    action: "account.unlink",
    run: async () => {
      const headers = await session();
      const path = "/user/v1/supabase-links";
      const token = await signWith(signer, project.claims());
      await t.expect(200, "POST", path, { token }, headers);
      const { items } = await t.expect<{ items: Array<{ id: string }> }>(
        200,
        "GET",
        path,
        undefined,
        headers,
      );
      await t.call("DELETE", `${path}/${items[0]?.id}`, undefined, headers);
    },
  },
  "post /user/v1/address": {
    service: "auth",
    action: "account.claim-address",
    run: async () => void (await addressAsked()),
  },
  "post /user/v1/address-confirmation": {
    service: "auth",
    action: "account.confirm-address",
    run: async () => {
      const { headers, code } = await addressAsked();
      await t.expect(200, "POST", "/user/v1/address-confirmation", { code }, headers);
    },
  },
  "post /user/v1/organizations": {
    service: "auth",
    action: "organization.create",
    run: async () => void (await found(await person())),
  },
  "patch /user/v1/organizations/{id}": {
    service: "auth",
    action: "organization.change",
    run: async () => {
      const { ada, organization } = await acme();
      await t.expect(200, "PATCH", organization, { name: "Other" }, ada.headers);
    },
  },
  "delete /tenant/v1/organizations/{id}": {
    service: "tenant",
    action: "organization.close",
    run: async () => {
      const { ada, id } = await acme();
      await t.call("DELETE", `/tenant/v1/organizations/${id}`, undefined, ada.headers);
    },
  },
  "delete /user/v1/organizations/{id}": {
    service: "auth",
    action: "organization.delete",
    run: async () => {
      const { ada, id } = await acme();
      await t.call("DELETE", `/tenant/v1/organizations/${id}`, undefined, ada.headers);
    },
  },
  "patch /user/v1/organizations/{id}/members/{user}": {
    service: "auth",
    action: "member.change-role",
    run: async () => {
      const { ada, id, organization } = await acme();
      const eve = await member(ada, id, "viewer");
      await t.expect(200, "PATCH", `${organization}/members/${eve.id}`, { role: "owner" }, ada.headers);
    },
  },
  "delete /user/v1/organizations/{id}/members/{user}": {
    service: "auth",
    action: "member.remove",
    run: async () => {
      const { ada, id, organization } = await acme();
      const eve = await member(ada, id, "viewer");
      await t.call("DELETE", `${organization}/members/${eve.id}`, undefined, ada.headers);
    },
  },
  "delete /user/v1/organizations/{id}/membership": {
    service: "auth",
    action: "member.leave",
    run: async () => {
      const { ada, id, organization } = await acme();
      const eve = await member(ada, id, "viewer");
      await t.call("DELETE", `${organization}/membership`, undefined, eve.headers);
    },
  },
  "post /user/v1/organizations/{id}/invitations": {
    service: "auth",
    action: "invitation.create",
    run: async () => {
      const { ada, id } = await acme();
      await invite(ada, id, freshAddress(), "viewer");
    },
  },
  "delete /user/v1/organizations/{id}/invitations/{invitation}": {
    service: "auth",
    action: "invitation.cancel",
    run: async () => {
      const { ada, organization, invitation } = await invited();
      await t.call("DELETE", `${organization}/invitations/${invitation}`, undefined, ada.headers);
    },
  },
  "post /user/v1/invitations/{id}/acceptance": {
    service: "auth",
    action: "invitation.accept",
    run: async () => {
      const { eve, invitation } = await invited();
      await accept(invitation, eve);
    },
  },
  "delete /user/v1/invitations/{id}": {
    service: "auth",
    action: "invitation.decline",
    run: async () => {
      const { eve, invitation } = await invited();
      await t.call("DELETE", `/user/v1/invitations/${invitation}`, undefined, eve.headers);
    },
  },
  "post /user/v1/organizations/{id}/api-keys": {
    service: "auth",
    action: "key.create",
    run: async () => {
      const { token, id } = await person();
      const path = `/user/v1/organizations/${await organization(id)}/api-keys`;
      await t.expect(201, "POST", path, { name: "Key", scope: "read" }, as(token));
    },
  },
  "delete /user/v1/organizations/{id}/api-keys/{key}": {
    service: "auth",
    action: "key.revoke",
    run: async () => {
      const { token, id } = await person();
      const path = `/user/v1/organizations/${await organization(id)}/api-keys`;
      const body = { name: "Key", scope: "read" };
      const key = await t.expect<{ id: string }>(201, "POST", path, body, as(token));
      await t.call("DELETE", `${path}/${key.id}`, undefined, as(token));
    },
  },
  "post /user/v1/staff/api-keys": {
    service: "auth",
    action: "key.create",
    run: async () => {
      const { token } = await staffMember();
      await t.expect(201, "POST", "/user/v1/staff/api-keys", { name: "Key", scope: "read" }, as(token));
    },
  },
  "delete /user/v1/staff/api-keys/{key}": {
    service: "auth",
    action: "key.revoke",
    run: async () => {
      const { token } = await staffMember();
      const path = "/user/v1/staff/api-keys";
      const body = { name: "Key", scope: "read" };
      const key = await t.expect<{ id: string }>(201, "POST", path, body, as(token));
      await t.call("DELETE", `${path}/${key.id}`, undefined, as(token));
    },
  },
  "post /user/v1/staff-accounts": {
    service: "auth",
    action: "staff.first",
    run: async () => {
      await t.rows("auth", "update users set staff = false");
      const code = await offerFirstStaff(database.db, undefined);
      const body = { code, name: "Ada", email: freshAddress(), password };
      await t.expect(201, "POST", "/user/v1/staff-accounts", body, open);
      await t.rows("auth", "update users set staff = true where id = $1", [t.staff.user]);
    },
  },
  "put /user/v1/staff/{user}": {
    service: "auth",
    action: "staff.add",
    run: async () => {
      const [{ token }, { id }] = [await staffMember(), await person()];
      await t.expect(200, "PUT", `/user/v1/staff/${id}`, undefined, as(token));
    },
  },
  "delete /user/v1/staff/{user}": {
    service: "auth",
    action: "staff.remove",
    run: async () => {
      const [{ token }, { id }] = [await staffMember(), await staffMember()];
      await t.call("DELETE", `/user/v1/staff/${id}`, undefined, as(token));
    },
  },
  "post /user/v1/impersonations": {
    service: "auth",
    action: "impersonation.begin",
    run: async () => {
      const [{ token }, { id }] = [await staffMember(), await person()];
      const body = { user: id, reason: "Ticket 1" };
      await t.expect(201, "POST", "/user/v1/impersonations", body, as(token));
    },
  },
};

/** Asks for an address as somebody who has none, and gives who that is and the code. */
async function addressAsked() {
  const headers = await fromSupabase();
  const email = freshAddress();
  await t.expect(202, "POST", "/user/v1/address", { email }, headers);
  return { headers, code: codeIn(await mail.catcher.take(email, /of your account/)) };
}

/** They answer what is so and change nothing. */
const changeNothing = ["post /user/v1/introspections", "post /user/v1/service-tokens"];

async function mutatingOperations(): Promise<string[]> {
  const found: string[] = [];
  for (const service of ["user", "tenant", "instance"]) {
    const { paths } = await t.expect<{ paths: Record<string, Record<string, unknown>> }>(
      200,
      "GET",
      `/${service}/openapi.json`,
    );
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) if (method !== "get") found.push(`${method} ${path}`);
    }
  }
  return found.filter((one) => !changeNothing.includes(one));
}

describe("the audit", () => {
  test("knows every verb that changes something", async () => {
    expect((await mutatingOperations()).toSorted()).toEqual(Object.keys(verbs).toSorted());
  });

  test.each(Object.entries(verbs))("gets an entry from %s", async (_, { service, action, run }) => {
    const before = (await entries(service)).length;
    await run();
    const news = (await entries(service)).slice(before).filter((entry) => entry.action === action);
    expect(news.length).toBeGreaterThanOrEqual(1);
    expect(news.at(-1)).toMatchObject({
      actor: expect.stringMatching(/^(nobody|user:usr_\w+|key:key_\w+|test)$/),
      target: expect.any(String),
      request_id: expect.stringMatching(/^[\w-]{8,}$/),
      at: expect.any(Date),
    });
  });

  test("follows one request through both services", async () => {
    const response = await t.call("POST", "/tenant/v1/tenants", newTenantBody(freshSlug()), {
      "x-request-id": "followed-request",
    });
    const { tenant } = (await response.json()) as { tenant: { id: string; slug: string } };
    await untilStatus(t, tenant.slug, "creating");
    await work(t, tenant.id);
    await untilStatus(t, tenant.slug, "ready");
    for (const [service, actions] of [
      ["tenant", ["tenant.create", "tenant.status", "tenant.status"]],
      ["instance", ["stack.create", "operation.succeeded"]],
    ] as const) {
      const rows = await t.rows<Row>(
        service,
        "select * from audit where request_id = 'followed-request' order by id",
      );
      expect(rows.map((row) => row.action)).toEqual(actions);
      expect(rows.map((row) => row.tenant_id)).toEqual(actions.map(() => tenant.id));
    }
  });

  test("tells what was there before and what is there after", async () => {
    const { tenant } = await readyTenant(t);
    await t.expect(200, "PATCH", `/tenant/v1/tenants/${tenant.slug}`, { name: "New name" });
    const [change] = await t.rows(
      "tenant",
      "select * from audit where action = 'tenant.change' and target = $1",
      [tenant.id],
    );
    expect(change).toMatchObject({ before: { name: "Acme Ltd" }, after: { name: "New name" } });
    // Nothing changed, nothing to tell.
    await t.expect(200, "PATCH", `/tenant/v1/tenants/${tenant.slug}`, { name: "New name" });
    expect(
      await t.rows("tenant", "select from audit where action = 'tenant.change' and target = $1", [tenant.id]),
    ).toHaveLength(1);
  });

  test("gets an entry for what the provisioner does on its own", async () => {
    const tenantId = newId("ten");
    await addToReserve(t.worker, { tenantId, salt: "v1:x", worker: "w9" });
    await putTemplate(t.worker, { ...catalogue, name: "another", worker: "w9" });
    await putTemplate(t.worker, { ...catalogue, name: "another", worker: "w9" });
    const rows = await t.rows<Row>("instance", "select * from audit where actor = 'worker:w9' order by id");
    expect(rows.map((row) => row.action)).toEqual(["stack.reserve", "template.put"]);
  });

  test("is taken back with the change it is about", async () => {
    const { tenant } = await createTenant(t);
    const before = (await entries("tenant")).length;
    await t.expect(409, "POST", "/tenant/v1/tenants", newTenantBody(tenant.slug));
    await t.expect(412, "PATCH", `/tenant/v1/tenants/${tenant.slug}`, { name: "X" }, { "if-match": '"77"' });
    const news = (await entries("tenant")).slice(before).filter((entry) => entry.action !== "tenant.status");
    expect(news).toEqual([]);
  });

  test("holds no secret", async () => {
    const fence = await createTenant(t).then(({ tenant }) => claimFor(t, tenant.id));
    expect(fence.attempt).toBe(1);
    await signIn(await verified());
    const all = JSON.stringify([await entries("tenant"), await entries("instance"), await entries("auth")]);
    expect(all).not.toMatch(/pbkdf2|databasePassword|adminPasswordHash/);
    expect(all).not.toContain(password);
  });
});
