import { z } from "zod";
import { roles } from "./roles.ts";

const role = z.enum(roles);

/** What somebody may do, and where. */
const rights = z.object({
  /** Role by organisation id. */
  roles: z.record(z.string(), role),
  /** Role in every organisation there is: platform staff and our own services. */
  everywhere: role.nullable(),
  /** The only tenant a key is for; null when it is for all of them. */
  tenant: z.string().nullable(),
});
export type Rights = z.infer<typeof rights>;

/** Who calls. Services tell it to each other, so it is plain data. */
export const principal = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("session"),
    user: z.string(),
    /** Member of the platform's staff who acts as this user. */
    impersonator: z.string().nullable(),
    staff: z.boolean(),
    rights,
  }),
  z.object({
    kind: z.literal("key"),
    key: z.string(),
    /** Who made it; it can do no more than they can. */
    user: z.string(),
    staff: z.boolean(),
    rights,
  }),
  z.object({ kind: z.literal("service"), name: z.string(), rights }),
]);
export type Principal = z.infer<typeof principal>;

/** Of somebody who is in no organisation. */
export const noRights: Rights = { roles: {}, everywhere: null, tenant: null };
/** Of what works for all tenants: our own services and workers. */
export const allRights: Rights = { roles: {}, everywhere: "owner", tenant: null };

/** How the audit names who did something. */
export function actorOf(who: Principal): string {
  switch (who.kind) {
    case "session":
      return who.impersonator ? `user:${who.impersonator} as user:${who.user}` : `user:${who.user}`;
    case "key":
      return `key:${who.key}`;
    case "service":
      return `service:${who.name}`;
  }
}
