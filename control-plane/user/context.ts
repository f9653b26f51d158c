import type { Caller } from "../audit/write.ts";
import type { Queries } from "../database.ts";
import type { Identity } from "./identity.ts";
import type { Post } from "./mail/post.ts";
import type { FailedSignIns } from "./session/failed-sign-ins.ts";

/** What the user service's verbs work with, for one caller. */
export interface UserContext {
  /** The whole auth database: who is who is found out in it. */
  db: Queries;
  /** What the caller's organisations have in it. */
  scoped: Queries;
  identity: Identity;
  post: Post;
  caller: Caller;
  /** What the caller says it is, fit to be kept and shown. */
  userAgent: string | null;
  /** What better-auth knows the caller's session by. */
  headers: Headers;
  failures: FailedSignIns;
}
