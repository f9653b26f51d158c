import type { Context } from "hono";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import type { HttpEnv } from "../../http/context.ts";
import type { UserContext } from "../context.ts";
import type { Identity } from "../identity.ts";
import { readSession, type Session } from "../read-session.ts";

export interface UserRouteDeps {
  ctx: { db: Queries; identity: Identity };
}

export function callerContext(deps: UserRouteDeps, c: Context<HttpEnv>): UserContext {
  return { ...deps.ctx, caller: c.get("caller") };
}

/** Who is signed in, and a context that acts for them. Throws `not_signed_in`. */
export async function signedIn(
  deps: UserRouteDeps,
  c: Context<HttpEnv>,
): Promise<{ ctx: UserContext; session: Session }> {
  const session = await readSession(deps.ctx, c.req.header("authorization"));
  if (!session) {
    throw new BerthError(
      "not_signed_in",
      "This needs a session that is still open. Sign in with POST /user/v1/sessions and send its token as: Authorization: Bearer <token>",
      { headers: { "WWW-Authenticate": 'Bearer realm="berth"' } },
    );
  }
  const caller = { ...c.get("caller"), actor: `user:${session.account.id}` };
  return { ctx: { ...deps.ctx, caller }, session };
}
