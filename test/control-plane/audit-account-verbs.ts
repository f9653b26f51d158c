import type { AuditedVerbs } from "./audit-verbs.ts";
import { as, codeIn, codeOf, freshAddress, open, password, type people, type withMail } from "./people.ts";
import type { TestServices } from "./support.ts";

interface Cast {
  they: ReturnType<typeof people>;
  mail: Awaited<ReturnType<typeof withMail>>;
  /** A Supabase token of somebody new. */
  supabaseToken: () => Promise<string>;
}

/** What people do with accounts, sessions and second factors of their own. */
export function accountVerbs(t: TestServices, { they, mail, supabaseToken }: Cast): AuditedVerbs {
  const { challenge, confirm, person, secondFactor, signIn, signUp, verified } = they;
  const session = async () => (await person()).headers;
  /** Asks for an address as somebody who has none, and gives who that is and the code. */
  const addressAsked = async () => {
    const headers = as(await supabaseToken());
    const email = freshAddress();
    await t.expect(202, "POST", "/user/v1/address", { email }, headers);
    return { headers, code: codeIn(await mail.catcher.take(email, /of your account/)) };
  };
  return {
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
      run: async () =>
        void (await t.expect(201, "POST", "/user/v1/two-factor", { password }, await session())),
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
      run: async () =>
        void (await t.expect(200, "PATCH", "/user/v1/account", { name: "X" }, await session())),
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
        const token = await supabaseToken();
        await t.expect(200, "POST", "/user/v1/supabase-links", { token }, await session());
      },
    },
    "delete /user/v1/supabase-links/{id}": {
      service: "auth",
      action: "account.unlink",
      run: async () => {
        const headers = await session();
        const path = "/user/v1/supabase-links";
        const token = await supabaseToken();
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
  };
}
