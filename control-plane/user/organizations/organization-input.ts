import { z } from "@hono/zod-openapi";
import { roles } from "../../access/roles.ts";
import { email, name } from "../account/account-input.ts";

const role = z.enum(roles).meta({ description: "Each may do all that those before it may." });
const named = z.strictObject({ name: name.meta({ example: "Acme Ltd" }) });

export const newOrganization = named.openapi("NewOrganization");
export const organizationChange = named.openapi("OrganizationChange");
export const roleChange = z.strictObject({ role }).openapi("RoleChange");
export const newInvitation = z.strictObject({ email, role }).openapi("NewInvitation");
export type NewInvitation = z.infer<typeof newInvitation>;
