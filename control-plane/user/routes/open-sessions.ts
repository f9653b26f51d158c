import { z } from "@hono/zod-openapi";
import { pageOf, pageQuery } from "../../http/cursor.ts";
import { idOf } from "../../http/params.ts";
import { json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { endSession } from "../session/end-session.ts";
import { listSessions } from "../session/list-sessions.ts";
import { readSession } from "../session/read-session.ts";
import { signOutElsewhere } from "../session/sign-out-elsewhere.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";
import { impersonator } from "./own-account.ts";

const tags = ["sessions"];

const sessionId = idOf("ses", "a session");
const open = z
  .object({
    id: sessionId,
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    address: z.string().nullable().meta({ description: "Where it was begun from." }),
    userAgent: z.string().nullable().meta({ description: "What the program called itself." }),
    current: z.boolean().meta({ description: "Whether it is the one that asks." }),
    impersonatedBy: impersonator,
  })
  .openapi("OpenSession");

const list = route(
  { who: "person" },
  {
    method: "get",
    path: "/user/v1/sessions",
    tags,
    summary: "One's open sessions, the newest first",
    request: { query: pageQuery },
    responses: withProblems({ 200: json("A page of them", pageOf(open)) }, "validation_failed"),
  },
);

const endOne = route(
  { who: "person" },
  {
    method: "delete",
    path: "/user/v1/sessions/{id}",
    tags,
    summary: "End one of one's sessions",
    request: { params: z.object({ id: sessionId }) },
    responses: withProblems({ 204: { description: "Ended" } }, "validation_failed", "not_found"),
  },
);

const endOthers = route(
  { who: "person" },
  {
    method: "delete",
    path: "/user/v1/sessions",
    tags,
    summary: "End all of one's sessions but this one",
    responses: withProblems({ 204: { description: "Ended" } }),
  },
);

/** Where one is signed in. Comes after the routes of the session that asks, whose path would fit here. */
export function addOpenSessionRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(list, async (c) => {
    const ctx = callerContext(deps, c);
    return c.json(await listSessions(ctx, await readSession(ctx), c.req.valid("query")), 200);
  });
  app.openapi(endOne, async (c) => {
    const ctx = callerContext(deps, c);
    await endSession(ctx, await readSession(ctx), c.req.valid("param").id);
    return c.body(null, 204);
  });
  app.openapi(endOthers, async (c) => {
    const ctx = callerContext(deps, c);
    await signOutElsewhere(ctx, await readSession(ctx));
    return c.body(null, 204);
  });
}
