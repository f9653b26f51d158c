import { as, codeIn, freshAddress, password, type people, type withMail } from "../control-plane/people.ts";
import { apiKey, freshSlug, type TestServices } from "../control-plane/support.ts";
import { createTenant, readyTenant, work } from "../control-plane/worker.ts";
import type { FuzzOptions } from "./contract.ts";

/** Who calls a service, and what there is for them to find. All that these tests need to know of the services is here. */
export type Scene = Pick<FuzzOptions, "headers" | "headersOf" | "known" | "slow">;

/** People in every state that an account can be in. */
export async function userScene(
  { verified, signUp, signIn }: ReturnType<typeof people>,
  { catcher }: Awaited<ReturnType<typeof withMail>>,
  t: TestServices,
): Promise<Scene> {
  const email = await verified();
  const session = async () => as((await signIn(email)).token);
  const newcomer = freshAddress();
  await signUp(newcomer);
  const forgetful = await verified();
  await t.expect(202, "POST", "/user/v1/password-resets", { email: forgetful }, { authorization: "" });
  return {
    headers: await session(),
    // A session of its own to end: the others' goes on.
    headersOf: { "DELETE /user/v1/sessions/current": await session() },
    slow: ["POST /user/v1/accounts", "POST /user/v1/email-verification", "POST /user/v1/password-resets"],
    known: {
      "body.email": [email],
      "body.password": [password],
      "body.code": [
        codeIn(await catcher.take(newcomer, /Confirm/)),
        codeIn(await catcher.take(forgetful, /password/)),
      ],
    },
  };
}

/** Tenants that are ready, waiting and failed, for whoever may do everything. */
export async function tenantScene(t: TestServices): Promise<Scene> {
  const ready = await readyTenant(t);
  const failed = await createTenant(t);
  await work(t, failed.tenant.id, "failed", { code: "odoo_failed", message: "It failed." });
  // Nobody works any more from here on: what is waiting stays so.
  const all = [ready, failed, await createTenant(t), await createTenant(t)];
  return {
    headers: as(apiKey),
    known: {
      "path.slug": all.map(({ tenant }) => tenant.slug),
      "path.tenant": all.flatMap(({ tenant }) => [tenant.slug, tenant.id]),
      "path.id": all.map(({ operation }) => operation.id),
      "path.name": ["production"],
      "query.tenant": all.map(({ tenant }) => tenant.slug),
      "body.slug": Array.from({ length: 20 }, () => freshSlug()),
      "body.odoo.modules[*]": ["crm", "base"],
      "body.odoo.lang": ["fr_FR", "en_US"],
      "body.odoo.country": ["FR", "DE"],
    },
  };
}
