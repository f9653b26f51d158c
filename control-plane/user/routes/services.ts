import { z } from "@hono/zod-openapi";
import { principal } from "../../access/principal.ts";
import { isBerthError } from "../../errors.ts";
import { longestToken } from "../../http/authenticate.ts";
import { body, organizationId } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { countingUnknown, route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { storable } from "../../http/storable.ts";
import { issueServiceToken } from "../issue-service-token.ts";
import { deleteOrganization } from "../organizations/delete-organization.ts";
import { isKnownOrganization } from "../organizations/is-known-organization.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";

const tags = ["between services"];

const jwks = route(
  { who: "anyone" },
  {
    method: "get",
    path: "/user/v1/jwks",
    tags,
    summary: "The public keys of what services show to each other",
    responses: withProblems({
      200: json(
        "A JSON Web Key Set (RFC 7517)",
        z.object({ keys: z.array(z.looseObject({ kid: z.string() })) }),
      ),
    }),
  },
);

const issue = route(
  { who: "anyone" },
  {
    method: "post",
    path: "/user/v1/service-tokens",
    tags,
    summary: "A token that one service shows to another, for ten minutes",
    request: {
      body: body(
        z
          .strictObject({
            service: z.string().max(100),
            audience: z.enum(["user", "tenant", "instance"]),
            secret: z.string().max(200).meta({ format: "password" }),
          })
          .openapi("ServiceTokenRequest"),
      ),
    },
    responses: withProblems(
      { 200: json("Signed", z.object({ token: z.string() })) },
      ...bodyProblems,
      "unauthorized",
    ),
  },
);

const introspect = route(
  { who: "service" },
  {
    method: "post",
    path: "/user/v1/introspections",
    tags,
    summary: "Whose a token is at this moment, and what they may do",
    request: {
      body: body(z.strictObject({ token: storable.max(longestToken) })),
    },
    responses: withProblems(
      {
        200: json(
          "Who it is; null for a token that is nobody's",
          z.object({
            principal: principal.nullable(),
            why: z.string().optional().meta({ description: "Why it is nobody's, where that can be told." }),
          }),
        ),
      },
      ...bodyProblems,
    ),
  },
);

const knows = route(
  { who: "service" },
  {
    method: "get",
    path: "/user/v1/known-organizations/{id}",
    tags,
    summary: "Whether there is such an organisation",
    request: { params: z.object({ id: organizationId }) },
    responses: withProblems(
      { 200: json("Whether there is", z.object({ isKnown: z.boolean() })) },
      "validation_failed",
    ),
  },
);

const forget = route(
  { who: "service" },
  {
    method: "delete",
    path: "/user/v1/organizations/{id}",
    tags,
    summary: "Delete an organisation with its members, invitations and keys",
    description:
      "For the tenant service, which knows whether it has tenants. People use DELETE /tenant/v1/organizations/{id}.",
    request: {
      params: z.object({ id: organizationId }),
      query: z.object({ actor: storable.min(1).max(200).meta({ description: "Who asked for it." }) }),
    },
    responses: withProblems({ 204: { description: "Deleted" } }, "not_found", "validation_failed"),
  },
);

/** What our services ask of the user service. */
export function addServiceRoutes(app: ServiceApp, deps: UserRouteDeps) {
  return app
    .openapi(jwks, async (c) => {
      const { keys } = await deps.identity.api.getJwks();
      return c.json({ keys: keys.map((key) => ({ ...key, kid: String(key.kid) })) }, 200);
    })
    .openapi(issue, async (c) => {
      const { identity, serviceSecrets: secrets } = deps;
      const issued = () => issueServiceToken({ identity, secrets }, c.req.valid("json"));
      return c.json(await countingUnknown(c, issued), 200);
    })
    .openapi(introspect, async (c) => {
      const { token } = c.req.valid("json");
      // That somebody else's token is not good is an answer, and no refusal of the service that asks.
      const found = await deps.identify(token, c.get("requestId")).then(
        (known) => ({ principal: known ?? null }),
        (error) => {
          if (!isBerthError(error, "unauthorized")) throw error;
          return { principal: null, why: error.message };
        },
      );
      return c.json(found, 200);
    })
    .openapi(knows, async (c) =>
      c.json({ isKnown: await isKnownOrganization(deps.db, c.req.valid("param").id) }, 200),
    )
    .openapi(forget, async (c) => {
      await deleteOrganization(callerContext(deps, c), { ...c.req.valid("param"), ...c.req.valid("query") });
      return c.body(null, 204);
    });
}
