import { createRoute, type RouteConfig } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { type Access, mustBe } from "../access/access.ts";
import { actorOf, noRights } from "../access/principal.ts";
import { BerthError, type ProblemCode } from "../errors.ts";
import { addressKey } from "./address-key.ts";
import { bearerToken } from "./authenticate.ts";
import type { HttpEnv } from "./context.ts";
import type { RouteLimit } from "./limit.ts";
import { problemResponses } from "./responses.ts";

/** Name of the extension by which an OpenAPI document says who may call an operation. */
export const accessExtension = "x-berth-access";

/** The same for the limits of rate that it is held to. */
export const limitsExtension = "x-berth-limits";

/**
 * A route and who may call it: nobody else reaches its handler. What a route is about is not known here, so verbs look at
 * the caller's role in the organisation that it turns out to belong to (`mustHaveRole`).
 * @param limits what it is held to besides the limits of all reads and writes
 */
export function route<const Path extends string, Config extends Omit<RouteConfig, "path"> & { path: Path }>(
  access: Access,
  config: Config,
  ...limits: RouteLimit[]
) {
  const calls: RouteLimit = /^(get|head)$/.test(config.method) ? "reads" : "writes";
  const held = [calls, ...limits];
  const refusals: ProblemCode[] = ["too_many_requests"];
  if (access.who !== "anyone") refusals.push("unauthorized");
  if (access.who !== "anyone" && access.who !== "known") refusals.push("forbidden");
  return createRoute({
    ...config,
    ...(access.who === "anyone" ? { security: [] } : {}),
    [accessExtension]: access,
    [limitsExtension]: held,
    responses: problemResponses(config.responses, refusals) as Config["responses"],
    middleware: guard(access, held),
  } as Config & { middleware: MiddlewareHandler<HttpEnv> });
}

function guard(access: Access, limits: RouteLimit[]): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    await admit(access, c).catch(async (error) => {
      if (error instanceof BerthError && error.code === "unauthorized")
        await c.get("limiter").take("not_known", addressKey(c.get("origin")));
      throw error;
    });
    // A list: a request may have more than one limit.
    for (const [name, value] of await c.get("limiter").admit(c.get("caller"), limits))
      c.header(name, value, { append: true });
    await next();
  };
}

/** For what takes long: asks anew whether the caller may. Throws `unauthorized`, `forbidden`. */
export async function admitAgain(c: Context<HttpEnv>): Promise<void> {
  await admit(c.get("caller").access, c);
}

async function admit(access: Access, c: Context<HttpEnv>): Promise<void> {
  const { actor, user, rights } = await identify(access, c.req.header("authorization"), (token) =>
    c.get("authenticate")(token, c.get("requestId")),
  );
  const [requestId, origin] = [c.get("requestId"), c.get("origin")];
  c.set("caller", { actor, user, rights, access, requestId, origin });
}

async function identify(
  access: Access,
  authorization: string | undefined,
  authenticate: (token: string) => ReturnType<HttpEnv["Variables"]["authenticate"]>,
) {
  if (access.who === "anyone") return { actor: "nobody", user: null, rights: noRights };
  const token = bearerToken(authorization);
  const who = token ? await authenticate(token) : undefined;
  if (!who) {
    throw new BerthError(
      "unauthorized",
      "This needs an API key, or a session that is still open: sign in with POST /user/v1/sessions. Send it as: Authorization: Bearer <key or token>",
      { headers: { "WWW-Authenticate": 'Bearer realm="berth"' } },
    );
  }
  mustBe(access, who);
  return { actor: actorOf(who), user: who.kind === "service" ? null : who.user, rights: who.rights };
}
