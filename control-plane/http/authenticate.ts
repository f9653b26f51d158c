import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { BerthError } from "../errors.ts";
import type { HttpEnv } from "./context.ts";

/** Gives the caller's name for an `Authorization` header, or `undefined` when it is not good. */
export type Authenticate = (authorization: string | undefined) => string | undefined;

/** Accepts the one bootstrap key, in time that does not depend on how much of a guess is right. */
export function bootstrapKey(key: string): Authenticate {
  const expected = digest(key);
  return (authorization) => {
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? "";
    return timingSafeEqual(digest(given), expected) && given !== "" ? "key:bootstrap" : undefined;
  };
}

/** Lets nobody past without a good key, except to the paths in `open`. */
export function requireCaller(
  authenticate: Authenticate,
  open: (path: string) => boolean,
): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const requestId = c.get("requestId");
    const origin = c.env?.incoming?.socket?.remoteAddress ?? null;
    const actor = authenticate(c.req.header("authorization"));
    if (!actor && !open(c.req.path)) {
      throw new BerthError(
        "unauthorized",
        "This needs a valid API key. Send it as: Authorization: Bearer <key>; the key made at set-up is in the data folder, in secrets/api-key.",
        { headers: { "WWW-Authenticate": 'Bearer realm="berth"' } },
      );
    }
    c.set("caller", { actor: actor ?? "nobody", requestId, origin });
    await next();
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
