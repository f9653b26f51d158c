import { OpenAPIHono } from "@hono/zod-openapi";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import { routePath } from "hono/route";
import { BerthError } from "../errors.ts";
import { type Ids, withOwnIds } from "../observability/ids.ts";
import { type Logger, plainLines } from "../observability/log.ts";
import { shownPath } from "../observability/mask.ts";
import type { ServiceName } from "../service-names.ts";
import type { Authenticate } from "./authenticate.ts";
import type { HttpEnv } from "./context.ts";
import { apiHeaders } from "./headers.ts";
import { inWords } from "./in-words.ts";
import type { Limiter } from "./limit.ts";
import type { OriginOf } from "./origin.ts";
import { answerProblem, problemResponse } from "./problem.ts";
import type { CountRequest } from "./request-figures.ts";

export type ServiceApp = OpenAPIHono<HttpEnv>;

export interface ServiceOptions {
  authenticate: Authenticate;
  limiter: Limiter;
  originOf: OriginOf;
  /** Counts what a service has answered. */
  requests: (service: ServiceName) => CountRequest;
  log: Logger;
}

/** Of a request that no route has taken. */
const noRoute = "none";

/** An app with what every service has: request id, log, limits, and problems for answers. Routes say who may call them. */
export function createService(
  name: ServiceName,
  { authenticate, limiter, originOf, requests, log }: ServiceOptions,
): ServiceApp {
  const app = new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const fields = result.error.issues.map((issue) => ({
        path: issue.path.join(".") || "(body)",
        message: inWords(issue),
      }));
      const list = fields.map((field) => `${field.path}: ${field.message}`).join("; ");
      throw new BerthError("validation_failed", `What does not fit: ${list}.`, { fields });
    },
  });
  const lines = plainLines(log);
  const count = requests(name);
  app.onError((error, c) => answerProblem(c, error));
  app.notFound((c) =>
    problemResponse(
      c.get("requestId"),
      "not_found",
      `There is nothing at ${shownPath(c.req.path)}.`,
      undefined,
    ),
  );
  app.use(requestId({ limitLength: 64 }));
  app.use(async (c, next) => {
    const from = performance.now();
    // Lines of everything that the request begins have its ids, and its own line those that became known in it.
    const ids: Ids = { requestId: c.get("requestId") };
    c.set("log", log);
    c.set("authenticate", authenticate);
    c.set("limiter", limiter);
    c.set("origin", originOf(c.env?.incoming?.socket?.remoteAddress, c.req.header("x-forwarded-for")));
    // Before the answer is made: to add them to one that is there costs as much as the rest of a request.
    for (const [name, value] of apiHeaders) c.header(name, value);
    await withOwnIds(ids, next);
    const ms = performance.now() - from;
    const { method } = c.req;
    const { status } = c.res;
    // Where the request has come to; one that only went through what stands before all routes found none.
    const route = routePath(c);
    count({ method, route: route === "/*" ? noRoute : route, status, ms });
    lines.info({ ...ids, method, path: shownPath(c.req.path), status, ms: Math.round(ms) }, "request");
  });
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, all) => {
        // Also told of are those of a path with a name in it that this one could be taken for.
        const own = app.routes.filter(({ path }) => path === c.req.path).map(({ method }) => method);
        const isOwn = (method: string) => own.includes(method === "HEAD" ? "GET" : method);
        const methods = own.length > 0 ? all.filter(isOwn) : all;
        return problemResponse(
          c.get("requestId"),
          "method_not_allowed",
          `${shownPath(c.req.path)} takes ${methods.join(", ")}, not ${c.req.method}.`,
          { fields: undefined, headers: { Allow: methods.join(", ") } },
        );
      },
    }),
  );
  return app;
}
