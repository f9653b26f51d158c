import { createHash, randomBytes } from "node:crypto";
import { hashPassword } from "better-auth/crypto";
import type { CallerName } from "../../control-plane/access/table.ts";
import { newId } from "../../control-plane/ids.ts";
import { emailChangeName } from "../../control-plane/user/account/request-email-change.ts";
import type { Cast } from "./cast.ts";
import { double } from "./double.ts";
import { codeOf, freshAddress, password } from "./people.ts";
import type { MakeRequest } from "./requests.ts";
import type { TestServices } from "./support.ts";

const v1 = "/user/v1";

/** Requests about one's own account, sessions and second factor, each by a double of the caller. */
export function accountRequests(t: TestServices, cast: () => Cast): Record<string, MakeRequest> {
  let hash: Promise<string> | undefined;
  const owner = async (caller: CallerName) => {
    hash ??= hashPassword(password);
    const one = await double(cast(), caller);
    await cast().seed.account(one.user, "credential", await hash);
    return one;
  };
  const by =
    (path: string, body?: unknown): MakeRequest =>
    async (caller) => ({ path: `${v1}${path}`, body, headers: (await owner(caller)).headers });
  /** Who may set up a second factor has one that waits for a code, or that is asked for. */
  const withFactor = async (caller: CallerName, isConfirmed: boolean) => {
    const { headers } = await owner(caller);
    if (!headers || caller === "actingStaff") return { headers, code: "123456", backupCode: "aaaaa-bbbbb" };
    const path = `${v1}/two-factor`;
    const made = await t.expect<{ uri: string; backupCodes: string[] }>(
      201,
      "POST",
      path,
      { password },
      headers,
    );
    const [backupCode] = made.backupCodes;
    if (!isConfirmed) return { headers, code: codeOf(made.uri), backupCode };
    await t.expect(200, "POST", `${path}/confirmation`, { code: codeOf(made.uri) }, headers);
    return { headers, code: codeOf(made.uri, 1), backupCode };
  };
  return {
    [`get ${v1}/sessions`]: by("/sessions"),
    [`delete ${v1}/sessions`]: by("/sessions"),
    [`delete ${v1}/sessions/{id}`]: async (caller) => {
      const { user, headers } = await owner(caller);
      const id = newId("ses");
      await cast().seed.session(user, { id });
      return { path: `${v1}/sessions/${id}`, headers };
    },
    [`patch ${v1}/account`]: by("/account", { name: "Augusta" }),
    [`put ${v1}/account/password`]: by("/account/password", { current: password, password: `${password} 2` }),
    [`post ${v1}/account/email`]: async (caller) => ({
      path: `${v1}/account/email`,
      body: { email: freshAddress(), password },
      headers: (await owner(caller)).headers,
    }),
    [`post ${v1}/account/email/confirmation`]: async (caller) => {
      const { user, headers } = await owner(caller);
      const code = randomBytes(18).toString("base64url");
      await t.rows(
        "auth",
        "insert into verifications (id, identifier, value, expires_at) values ($1, $2, $3, now() + interval '1 hour')",
        [
          newId("ver"),
          createHash("sha256").update(emailChangeName(code)).digest("base64url"),
          `${user} ${freshAddress()}`,
        ],
      );
      return { path: `${v1}/account/email/confirmation`, body: { code }, headers };
    },
    [`post ${v1}/two-factor`]: by("/two-factor", { password }),
    [`post ${v1}/two-factor/confirmation`]: async (caller) => {
      const { code, headers } = await withFactor(caller, false);
      return { path: `${v1}/two-factor/confirmation`, body: { code }, headers };
    },
    [`delete ${v1}/two-factor`]: async (caller) => {
      const { backupCode, headers } = await withFactor(caller, true);
      return { path: `${v1}/two-factor`, body: { password, backupCode }, headers };
    },
    [`post ${v1}/two-factor/backup-codes`]: async (caller) => {
      const { code, headers } = await withFactor(caller, true);
      return { path: `${v1}/two-factor/backup-codes`, body: { password, code }, headers };
    },
  };
}
