import { newId } from "../../control-plane/ids.ts";
import { as, codeIn, freshAddress, password, type people, type withMail } from "../control-plane/people.ts";
import { apiKey, freshSlug, serviceHeaders, type TestServices } from "../control-plane/support.ts";
import { createTenant, readyTenant, work } from "../control-plane/worker.ts";
import { seeds } from "../support/seed.ts";
import type { FuzzOptions } from "./contract.ts";

/** Who calls a service, and what there is for them to find. All that these tests need to know of the services is here. */
export type Scene = Pick<FuzzOptions, "headers" | "headersOf" | "known" | "slow">;

/**
 * One of the staff who owns an organisation with members, keys and invitations, and people in every state that an account
 * can be in. What ends the caller's session, or changes their password, is asked by somebody of its own.
 */
export async function userScene(
  they: ReturnType<typeof people>,
  { catcher }: Awaited<ReturnType<typeof withMail>>,
  t: TestServices,
): Promise<Scene> {
  const { verified, signUp, person, found } = they;
  const seed = seeds((text, values) => t.rows("auth", text, values));
  const owner = await person();
  await t.rows("auth", "update users set staff = true where id = $1", [owner.id]);
  const organization = await found(owner);
  const others = await Promise.all(Array.from({ length: 12 }, () => seed.person()));
  for (const other of others.slice(0, 6)) await seed.member(organization.id, other, "viewer");
  const elsewhere = await seed.organization({ [others[7] ?? ""]: "owner" });
  const keys = Array.from({ length: 12 }, () => newId("key"));
  for (const [n, id] of keys.entries())
    await seed.key(owner.id, { id, ...(n % 2 === 0 ? { organization_id: organization.id } : {}) });
  const sent: string[] = [];
  for (let n = 0; n < 6; n++) sent.push(await seed.invitation(organization.id, freshAddress(), owner.id));
  const received: string[] = [];
  for (let n = 0; n < 2; n++)
    received.push(
      await seed.invitation(
        await seed.organization({ [others[8 + n] ?? ""]: "owner" }),
        owner.email,
        others[8 + n] ?? "",
      ),
    );
  const sessions = Array.from({ length: 6 }, () => newId("ses"));
  for (const id of sessions) await seed.session(owner.id, { id });
  const newcomer = freshAddress();
  await signUp(newcomer);
  const forgetful = await verified();
  await t.expect(202, "POST", "/user/v1/password-resets", { email: forgetful }, { authorization: "" });
  const alone = async () => (await person()).headers;
  const member = async () => {
    const one = await person();
    await seed.member(organization.id, one.id, "viewer");
    return one.headers;
  };
  const service = await serviceHeaders(t.services, "user");
  return {
    headers: owner.headers,
    headersOf: {
      "DELETE /user/v1/sessions/current": await alone(),
      "DELETE /user/v1/sessions": await alone(),
      "PUT /user/v1/account/password": await alone(),
      "POST /user/v1/account/email": await alone(),
      "POST /user/v1/two-factor": await alone(),
      "DELETE /user/v1/two-factor": await alone(),
      "POST /user/v1/two-factor/confirmation": await alone(),
      "POST /user/v1/two-factor/backup-codes": await alone(),
      "DELETE /user/v1/organizations/{id}/membership": await member(),
      "POST /user/v1/introspections": service,
      "GET /user/v1/known-organizations/{id}": service,
      ...auditAsked("user", service),
    },
    slow: [
      "POST /user/v1/accounts",
      "POST /user/v1/email-verification",
      "POST /user/v1/password-resets",
      "POST /user/v1/account/email",
      "POST /user/v1/address",
    ],
    known: {
      // Most often the organisation, which most operations are about.
      "path.id": [...Array.from({ length: 20 }, () => organization.id), ...received, ...sessions, elsewhere],
      "path.user": others,
      "path.key": keys,
      "path.invitation": sent,
      "path.chain": [organization.id, "platform"],
      "query.actor": ["user:usr_x"],
      "body.user": others,
      "body.email": [owner.email],
      "body.password": [password],
      "body.current": [password],
      "body.token": ["nobody's"],
      "body.code": [
        codeIn(await catcher.take(newcomer, /Confirm/)),
        codeIn(await catcher.take(forgetful, /password/)),
      ],
    },
  };
}

/** What no random request gets through to: each needs something that was mailed, shown once, or computed by the clock. */
export const outOfReach: Record<string, string[]> = {
  user: [
    // As a service it would end the organisation that all others are about.
    "DELETE /user/v1/organizations/{id}",
    "POST /user/v1/sessions/second-factor",
    "POST /user/v1/two-factor/confirmation",
    "DELETE /user/v1/two-factor",
    "POST /user/v1/two-factor/backup-codes",
    "POST /user/v1/account/email/confirmation",
    "POST /user/v1/staff-accounts",
    "POST /user/v1/service-tokens",
    "POST /user/v1/supabase-links",
    "DELETE /user/v1/supabase-links/{id}",
    "POST /user/v1/address",
    "POST /user/v1/address-confirmation",
  ],
  tenant: [],
  instance: [],
};

/** Tenants that are ready, waiting and failed, for whoever may do everything. */
export async function tenantScene(t: TestServices): Promise<Scene> {
  const ready = await readyTenant(t);
  const failed = await createTenant(t);
  await work(t, failed.tenant.id, "failed", { code: "odoo_failed", message: "It failed." });
  // Nobody works any more from here on: what is waiting stays so.
  const all = [ready, failed, await createTenant(t), await createTenant(t)];
  const seed = seeds((text, values) => t.rows("auth", text, values));
  const owner = await seed.person();
  const owned = await Promise.all(Array.from({ length: 4 }, () => seed.organization({ [owner]: "owner" })));
  const service = await serviceHeaders(t.services, "instance");
  return {
    headers: as(apiKey),
    headersOf: {
      "DELETE /tenant/v1/organizations/{id}": as(await seed.session(owner)),
      "PUT /instance/v1/stacks/{tenant}": service,
      "GET /instance/v1/feed": service,
      ...auditAsked("instance", service),
    },
    known: {
      "path.slug": all.map(({ tenant }) => tenant.slug),
      "path.tenant": all.flatMap(({ tenant }) => [tenant.slug, tenant.id]),
      "path.id": [...all.map(({ operation }) => operation.id), ...owned],
      "query.organization": [t.staff.organization],
      "body.organization": [t.staff.organization],
      "path.chain": [t.staff.organization, "platform"],
      "path.name": ["production"],
      "query.tenant": all.map(({ tenant }) => tenant.slug),
      "body.slug": Array.from({ length: 20 }, () => freshSlug()),
      "body.odoo.modules[*]": ["crm", "base"],
      "body.odoo.lang": ["fr_FR", "en_US"],
      "body.odoo.country": ["FR", "DE"],
    },
  };
}

function auditAsked(service: "user" | "instance", headers: Record<string, string>) {
  const path = `GET /${service}/v1/audit`;
  return Object.fromEntries(
    ["/entries", "/chains/{chain}", "/chains/{chain}/lines"].map((what) => [`${path}${what}`, headers]),
  );
}
