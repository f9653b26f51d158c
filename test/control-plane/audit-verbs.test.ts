import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import { createSupabase } from "../../control-plane/user/supabase/verify.ts";
import { accountVerbs } from "./audit-account-verbs.ts";
import { organizationVerbs } from "./audit-organization-verbs.ts";
import { staffVerbs } from "./audit-staff-verbs.ts";
import { tenantVerbs } from "./audit-tenant-verbs.ts";
import type { AuditedVerb, AuditedVerbs } from "./audit-verbs.ts";
import { password, people, withMail } from "./people.ts";
import { signWith, supabaseProject } from "./supabase-project.ts";
import { captureLog, withServices } from "./support.ts";
import { claimFor, createTenant } from "./worker.ts";

const mail = await withMail();
const project = await supabaseProject();
const signer = await project.newKey();
const supabase = createSupabase({ url: project.url, secret: undefined, log: captureLog().log });
const t = withServices({ mailer: mail.mailer, supabase });
const they = people(t, mail);
const { signIn, verified } = they;

let database: Database;
beforeAll(() => {
  database = openDatabase({ login: t.databases.logins.user, name: "test set-up", log: captureLog().log });
});
afterAll(() => database.close());

type Row = Record<string, unknown> & { action: string };
const entries = (service: AuditedVerb["service"]) => t.rows<Row>(service, "select * from audit order by id");

/** What each verb that changes something does; a verb that is not here fails the test. */
const verbs: AuditedVerbs = {
  ...tenantVerbs(t),
  ...accountVerbs(t, { they, mail, supabaseToken: () => signWith(signer, project.claims()) }),
  ...organizationVerbs(t, they),
  ...staffVerbs(t, they, () => database),
};

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

  test("holds no secret", async () => {
    const fence = await createTenant(t).then(({ tenant }) => claimFor(t, tenant.id));
    expect(fence.attempt).toBe(1);
    await signIn(await verified());
    const all = JSON.stringify([await entries("tenant"), await entries("instance"), await entries("auth")]);
    expect(all).not.toMatch(/pbkdf2|databasePassword|adminPasswordHash/);
    expect(all).not.toContain(password);
  });
});
