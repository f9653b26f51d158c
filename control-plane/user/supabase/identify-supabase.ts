import { eq } from "drizzle-orm";
import { noRights, type Principal } from "../../access/principal.ts";
import { ownCaller } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import { rolesOf } from "../roles-of.ts";
import { users } from "../schema.ts";
import { accountOfSupabase } from "./account-of-supabase.ts";
import type { Supabase } from "./verify.ts";

/**
 * Who a Supabase token speaks of, with the rights of their account: never those of the platform's staff, for which somebody
 * else's word is not enough. Throws `unauthorized` for a token that is not good, and for an account with a second factor,
 * which a token would get round; `service_unavailable` when that cannot be told.
 */
export async function identifySupabase(
  { db, supabase }: { db: Queries; supabase: Supabase },
  token: string,
  requestId: string,
): Promise<Principal> {
  const identity = await supabase.verify(token);
  const id = await accountOfSupabase({ db, caller: ownCaller("nobody", requestId) }, identity);
  const [user] = await db
    .select({ hasTwoFactors: users.twoFactorEnabled, roles: rolesOf(users.id) })
    .from(users)
    .where(eq(users.id, id));
  if (!user) throw new Error("A Supabase user's account is gone again.");
  if (user.hasTwoFactors) {
    throw new BerthError(
      "unauthorized",
      "This account has a second factor, which a Supabase token does not show. Sign in with POST /user/v1/sessions.",
      { headers: { "WWW-Authenticate": 'Bearer realm="berth"' } },
    );
  }
  return {
    kind: "session",
    user: id,
    impersonator: null,
    staff: false,
    rights: { ...noRights, roles: user.roles },
  };
}
