import { createHash, randomBytes } from "node:crypto";
import type { Role } from "../../control-plane/access/roles.ts";
import { type IdPrefix, newId } from "../../control-plane/ids.ts";

type Sql = (text: string, values: unknown[]) => Promise<unknown>;

/**
 * Writes people, organisations, sessions and keys into an auth database as the superuser, for tests that are about what
 * they may do and not about how they came to be.
 * @param sql runs one statement in it
 */
export function seeds(sql: Sql) {
  const insert = async (table: string, row: Record<string, unknown>): Promise<string> => {
    const columns = Object.keys(row);
    const places = columns.map((_, i) => `$${i + 1}`);
    await sql(`insert into ${table} (${columns}) values (${places})`, Object.values(row));
    return String(row.id);
  };
  const named = (prefix: IdPrefix) => ({ id: newId(prefix) });
  return {
    async person(more: { staff?: boolean; email?: string } = {}): Promise<string> {
      const { id } = named("usr");
      return insert("users", {
        id,
        name: "Ada",
        email: `${id}@berth.example`,
        email_verified: true,
        ...more,
      });
    },
    async organization(members: Record<string, Role> = {}): Promise<string> {
      const { id } = named("org");
      await insert("organizations", { id, name: "Acme", slug: id });
      for (const [user, role] of Object.entries(members)) await this.member(id, user, role);
      return id;
    },
    member: (organization: string, user: string, role: Role) =>
      insert("members", { ...named("mem"), organization_id: organization, user_id: user, role }),
    /** What somebody proves who they are by; a password of theirs is nobody's. Gives its id. */
    account: (user: string, provider = "credential", password: string | null = null) =>
      insert("accounts", {
        ...named("acc"),
        user_id: user,
        provider_id: provider,
        account_id: user,
        password: provider === "credential" ? (password ?? "none") : null,
      }),
    invitation: (organization: string, email: string, inviter: string) =>
      insert("invitations", {
        ...named("inv"),
        organization_id: organization,
        email,
        role: "viewer",
        inviter_id: inviter,
        expires_at: new Date(Date.now() + 3_600_000),
      }),
    /** Gives the token. */
    async session(
      user: string,
      more: { id?: string; impersonated_by?: string; expires_at?: Date } = {},
    ): Promise<string> {
      const token = randomBytes(24).toString("base64url");
      const inAnHour = new Date(Date.now() + 3_600_000);
      await insert("sessions", { ...named("ses"), token, user_id: user, expires_at: inAnHour, ...more });
      return token;
    },
    /** Gives the key. Without an organisation it is one of the staff's. */
    async key(
      maker: string,
      more: {
        id?: string;
        key?: string;
        organization_id?: string;
        tenant_id?: string;
        scope?: "read" | "write";
        expires_at?: Date;
      } = {},
    ): Promise<string> {
      const { key = `berth_${randomBytes(24).toString("base64url")}`, ...columns } = more;
      const hash = createHash("sha256").update(key).digest("base64url");
      await insert("api_keys", {
        ...named("key"),
        reference_id: maker,
        key: hash,
        scope: "write",
        ...columns,
      });
      return key;
    },
  };
}
export type Seeds = ReturnType<typeof seeds>;
