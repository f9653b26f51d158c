import type { Context } from "hono";
import { type Scope, scopeOf } from "../../access/scope.ts";
import type { Queries } from "../../database.ts";
import type { Authenticate } from "../../http/authenticate.ts";
import type { HttpEnv } from "../../http/context.ts";
import type { Limiter } from "../../http/limit.ts";
import type { UserContext } from "../context.ts";
import type { Identity } from "../identity.ts";
import type { ServiceSecrets } from "../issue-service-token.ts";
import type { Post } from "../mail/post.ts";
import type { FailedSignIns } from "../session/failed-sign-ins.ts";
import { cleanUserAgent } from "../session/note-origin.ts";
import type { Supabase } from "../supabase/verify.ts";

/** What the routes of the user service are given. */
export interface UserRouteDeps {
  /** The auth database. */
  db: Queries;
  /** The same as it is seen from a scope. */
  within(scope: Scope): Queries;
  identity: Identity;
  /** Whose a token is, whoever gave it out. */
  identify: Authenticate;
  failures: FailedSignIns;
  post: Post;
  limiter: Limiter;
  /** The project whose users are let in, if there is one. */
  supabase: Supabase | undefined;
  serviceSecrets: ServiceSecrets;
  /** Key of what is remembered of requests. */
  secret: Buffer;
}

/** The context of a verb, for this request. */
export function callerContext(deps: UserRouteDeps, c: Context<HttpEnv>): UserContext {
  const caller = c.get("caller");
  return {
    db: deps.db,
    scoped: deps.within(scopeOf(caller.rights)),
    identity: deps.identity,
    failures: deps.failures,
    post: deps.post,
    caller,
    userAgent: cleanUserAgent(c.req.header("user-agent")),
    headers: new Headers({ authorization: c.req.header("authorization") ?? "" }),
  };
}
