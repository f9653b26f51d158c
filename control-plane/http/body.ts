import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { BerthError } from "../errors.ts";
import type { HttpEnv } from "./context.ts";

/** Bytes a request's body may have. */
const maxBodyBytes = 1024 * 1024;

const limit: MiddlewareHandler<HttpEnv> = bodyLimit({
  maxSize: maxBodyBytes,
  onError: () => {
    throw new BerthError("body_too_large", `A body may have ${maxBodyBytes} bytes at most.`);
  },
});

export const limitBody: MiddlewareHandler<HttpEnv> = (c, next) => (hasNoBody(c) ? next() : limit(c, next));

/** A body that is there must be JSON, and say so. */
export const requireJson: MiddlewareHandler<HttpEnv> = async (c, next) => {
  if (hasNoBody(c)) return next();
  const text = await c.req.text();
  if (text !== "") {
    const type = c.req.header("content-type") ?? "";
    if (!/^application\/([a-z0-9.-]+\+)?json\s*(;|$)/i.test(type)) {
      const was = type ? `not "${type.slice(0, 100)}"` : "and must say so";
      throw new BerthError(
        "unsupported_media_type",
        `The body must be JSON, ${was}. Send: Content-Type: application/json`,
      );
    }
    try {
      JSON.parse(text);
    } catch (error) {
      throw new BerthError(
        "invalid_json",
        `The body is not valid JSON: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  await next();
};

/** Said by the method: to look for a body makes a whole request of what is only a line so far. */
function hasNoBody(c: Context): boolean {
  return c.req.method === "GET" || c.req.method === "HEAD";
}
