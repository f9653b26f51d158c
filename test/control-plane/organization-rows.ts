import { createHash, randomBytes } from "node:crypto";
import { withClient } from "../../control-plane/database.ts";
import { newId } from "../../control-plane/ids.ts";
import { until } from "../../control-plane/until.ts";
import { as, organizationsPath } from "./people.ts";
import type { TestServices } from "./support.ts";

export const membersOf = (id: string) => `${organizationsPath}/${id}/members`;

/** The row that whatever changes the members of an organisation waits for. */
export const theRowOf = (id: string) => ({
  service: "auth" as const,
  text: "select from organizations where id = $1 for update",
  values: [id],
});

/** What tests of organisations ask of the auth database, and do to it. */
export function organizationRows(t: TestServices) {
  return {
    audits: (target: string) =>
      t.rows("auth", "select action, actor, before, after from audit where target = $1 order by id", [
        target,
      ]),

    async rolesIn(id: string) {
      const rows = await t.rows("auth", "select role from members where organization_id = $1 order by role", [
        id,
      ]);
      return rows.map(({ role }) => role);
    },

    /** A key as POST /user/v1/keys would write it. */
    async keyOf(user: string, organization: string | null, more: { tenant?: string; scope?: string } = {}) {
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
    },

    /** Runs calls that come to wait for what a statement holds, and lets it go when all of them do, after a last one. */
    async atOnce<T>(
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
    },
  };
}
