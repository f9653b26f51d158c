import { createRoute, type RouteConfig } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { type Access, mustBe } from "../access/access.ts";
import { actorOf, noRights, type Principal } from "../access/principal.ts";
import { BerthError, isBerthError, type ProblemCode } from "../errors.ts";
import { addressKey } from "./address-key.ts";
import { bearerToken } from "./authenticate.ts";
import { limitBody, requireJson } from "./body.ts";
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
    // A body is looked at for who may send one, and is counted for.
    middleware: [guard(access, held), limitBody, requireJson],
  } as Config & { middleware: MiddlewareHandler<HttpEnv>[] });
}

function guard(access: Access, limits: RouteLimit[]): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const who = await countingUnknown(c, () => identify(access, c));
    // A list: a request may have more than one limit.
    for (const [name, value] of await c.get("limiter").admit(c.get("caller"), limits))
      c.header(name, value, { append: true });
    if (who) mustBe(access, who);
    await next();
  };
}

/** Counts who is refused because nobody knows them, by their address. Throws `too_many_requests` instead, after too many. */
export async function countingUnknown<T>(c: Context<HttpEnv>, work: () => Promise<T>): Promise<T> {
  return work().catch(async (error) => {
    if (isBerthError(error, "unauthorized"))
      await c.get("limiter").take("not_known", addressKey(c.get("origin")));
    throw error;
  });
}

/** For what takes long: asks anew whether the caller may. Throws `unauthorized`, `forbidden`. */
export async function admitAgain(c: Context<HttpEnv>): Promise<void> {
  const { access } = c.get("caller");
  const who = await identify(access, c);
  if (who) mustBe(access, who);
}

/** Finds out who calls, and notes it as the request's caller; `undefined` where nobody is asked. Throws `unauthorized`. */
async function identify(access: Access, c: Context<HttpEnv>): Promise<Principal | undefined> {
  const who = access.who === "anyone" ? undefined : await knownCaller(c);
  c.set("caller", {
    actor: who ? actorOf(who) : "nobody",
    user: !who || who.kind === "service" ? null : who.user,
    impersonator: who?.kind === "session" ? who.impersonator : null,
    rights: who ? who.rights : noRights,
    access,
    requestId: c.get("requestId"),
    origin: c.get("origin"),
  });
  return who;
}

async function knownCaller(c: Context<HttpEnv>): Promise<Principal> {
  const token = bearerToken(c.req.header("authorization"));
  const who = token ? await c.get("authenticate")(token, c.get("requestId")) : undefined;
  if (who) return who;
  throw new BerthError(
    "unauthorized",
    "This needs an API key, or a session that is still open: sign in with POST /user/v1/sessions. Send it as: Authorization: Bearer <key or token>",
    { headers: { "WWW-Authenticate": 'Bearer realm="berth"' } },
  );
}
