import { z } from "@hono/zod-openapi";
import { roles } from "../../access/roles.ts";
import { idOf, organizationId, userId } from "../../http/params.ts";

const role = z.enum(roles);
const at = z.iso.datetime();

export const organizationSchema = z
  .object({
    id: z.string().meta({ example: "org_a1b2c3d4e5f6g7h8" }),
    name: z.string(),
    role: role.nullable().meta({ description: "The caller's; null for staff who are no member." }),
    createdAt: at,
  })
  .openapi("Organization");

export const memberSchema = z
  .object({
    account: z.object({ id: z.string(), name: z.string(), email: z.string() }),
    role,
    since: at,
  })
  .openapi("Member");

export const invitationSchema = z
  .object({
    id: z.string().meta({ description: "Also the code in the mail.", example: "inv_a1b2c3d4e5f6g7h8" }),
    organization: z.string(),
    email: z.string(),
    role,
    invitedBy: z.string().meta({ description: "Account of who sent it." }),
    createdAt: at,
    expiresAt: at,
  })
  .openapi("Invitation");

const briefly = z.object({ id: z.string(), name: z.string() });
export const myInvitationSchema = z
  .object({ id: z.string(), organization: briefly, role, createdAt: at, expiresAt: at })
  .openapi("MyInvitation");

export const acceptedAnswer = z.object({ organization: briefly, role }).openapi("Accepted");
export const roleAnswer = z.object({ role });

export const organizationParam = z.object({ id: organizationId });
export const memberParam = organizationParam.extend({ user: userId });
const invitationId = idOf("inv", "an invitation");
export const invitationParam = z.object({ id: invitationId });
export const sentInvitationParam = organizationParam.extend({ invitation: invitationId });
