import { z } from "@hono/zod-openapi";
import { longestToken } from "../../http/authenticate.ts";
import { body, idOf } from "../../http/params.ts";
import { bodyProblems, json, withProblems } from "../../http/responses.ts";
import { route } from "../../http/route.ts";
import type { ServiceApp } from "../../http/service.ts";
import { addressOnly } from "../account/account-input.ts";
import { claimAddress } from "../account/claim-address.ts";
import { confirmAddress } from "../account/confirm-address.ts";
import { countMail } from "../mail/count-mail.ts";
import { personOf } from "../person-of.ts";
import { linkSupabase } from "../supabase/link-supabase.ts";
import { noSupabase } from "../supabase/none.ts";
import { readLinks } from "../supabase/read-links.ts";
import { unlinkSupabase } from "../supabase/unlink-supabase.ts";
import { callerContext, type UserRouteDeps } from "./deps.ts";
import { done } from "./done.ts";

const tags = ["Supabase"];
const path = "/user/v1/supabase-links";
const linkSchema = z
  .object({
    id: z.string().meta({ example: "acc_a1b2c3d4e5f6g7h8" }),
    issuer: z.string(),
    subject: z.string().meta({ description: "The user's id at Supabase." }),
    linkedAt: z.string(),
  })
  .openapi("SupabaseLink");

const list = route(
  { who: "person" },
  {
    method: "get",
    path,
    tags,
    summary: "The Supabase users who open one's account",
    responses: withProblems({ 200: json("All of them", z.object({ items: z.array(linkSchema) })) }),
  },
);

const link = route(
  { who: "person", inPerson: true },
  {
    method: "post",
    path,
    tags,
    summary: "Let one's Supabase user open one's account",
    description: "Of an account with a second factor a token would get round that: refused.",
    request: {
      body: body(
        z
          .strictObject({
            token: z.string().max(longestToken).meta({ description: "A Supabase access token." }),
          })
          .openapi("SupabaseToken"),
      ),
    },
    responses: withProblems(
      { 200: json("Linked", done) },
      ...bodyProblems,
      "conflict",
      "service_unavailable",
    ),
  },
  "sign_in",
);

const unlink = route(
  { who: "person", inPerson: true },
  {
    method: "delete",
    path: `${path}/{id}`,
    tags,
    summary: "Take a link away",
    request: {
      params: z.object({ id: idOf("acc", "a link") }),
    },
    responses: withProblems(
      { 204: { description: "Taken away" } },
      "not_found",
      "conflict",
      "validation_failed",
    ),
  },
);

const claim = route(
  { who: "person", inPerson: true },
  {
    method: "post",
    path: "/user/v1/address",
    tags,
    summary: "Ask for a code to the address that an account without one is to have",
    request: { body: body(addressOnly) },
    responses: withProblems({ 202: json("Accepted", done) }, ...bodyProblems, "conflict"),
  },
  "mails_from",
);

const confirm = route(
  { who: "person", inPerson: true },
  {
    method: "post",
    path: "/user/v1/address-confirmation",
    tags,
    summary: "Give an account without an address the one that the code was mailed to",
    request: {
      body: body(
        z
          .strictObject({ code: z.string().max(2_000).meta({ description: "From the mail." }) })
          .openapi("AddressCode"),
      ),
    },
    responses: withProblems({ 200: json("Confirmed", done) }, ...bodyProblems, "code_expired", "conflict"),
  },
  "mailed_codes",
);

/** What people who come from Supabase do to become people of ours. */
export function addLinkRoutes(app: ServiceApp, deps: UserRouteDeps): void {
  app.openapi(list, async (c) => {
    const links = await readLinks(deps, personOf(callerContext(deps, c).caller));
    return c.json({ items: links.map((one) => ({ ...one, linkedAt: one.linkedAt.toISOString() })) }, 200);
  });
  app.openapi(link, async (c) => {
    const ctx = callerContext(deps, c);
    const supabase = deps.supabase ?? noSupabase();
    await linkSupabase({ ...ctx, supabase }, { userId: personOf(ctx.caller), ...c.req.valid("json") });
    return c.json({ detail: "Tokens of this Supabase user open your account now." }, 200);
  });
  app.openapi(unlink, async (c) => {
    const ctx = callerContext(deps, c);
    await unlinkSupabase(ctx, { userId: personOf(ctx.caller), id: c.req.valid("param").id });
    return c.body(null, 204);
  });
  app.openapi(claim, async (c) => {
    const ctx = callerContext(deps, c);
    const { email } = c.req.valid("json");
    await countMail(deps.limiter, ctx.caller, { kind: "claim", to: email });
    await claimAddress(ctx, { userId: personOf(ctx.caller), email });
    return c.json({ detail: "A mail is on its way to this address. Confirm it with the code in it." }, 202);
  });
  app.openapi(confirm, async (c) => {
    const ctx = callerContext(deps, c);
    await confirmAddress(ctx, { userId: personOf(ctx.caller), ...c.req.valid("json") });
    return c.json({ detail: "This is your e-mail address now." }, 200);
  });
}
