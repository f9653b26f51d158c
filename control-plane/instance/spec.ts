import { z } from "zod";
import { instanceName } from "../../stacks/tenant/contract.ts";
import { storable } from "../http/storable.ts";

const hostName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/, "is not a host name");

/** What a tenant's stack should be: the tenant service says it, the provisioner makes the stack's config of it. */
export const stackSpec = z.strictObject({
  version: z.literal(1),
  /** Name of the company inside Odoo, set once when the clone is adopted. */
  company: storable.min(1).max(200),
  /** Login of the first administrator. */
  admin: z.strictObject({ email: storable.min(3).max(254) }),
  odoo: z.strictObject({
    /** Installed before the first start, besides what the template has. */
    modules: z.array(storable),
    lang: storable,
    country: storable.nullable(),
    demo: z.boolean(),
  }),
  instances: z
    .record(
      instanceName,
      z.strictObject({
        hosts: z.array(hostName).min(1),
        /** Where people reach it, with scheme and, if not the usual one, port. */
        baseUrl: z.url({ protocol: /^https?$/ }),
      }),
    )
    .refine((instances) => Object.keys(instances).length > 0, "must name one instance at least")
    .meta({ minProperties: 1 }),
});
export type StackSpec = z.infer<typeof stackSpec>;

/** Secret leaves of a stack, sealed in `stacks.secrets`; never part of a spec. */
export const stackSecrets = z.strictObject({
  instances: z.record(
    instanceName,
    z.strictObject({
      databasePassword: z.string(),
      /** The first administrator's password as Odoo keeps it: `$pbkdf2-sha512$...`. */
      adminPasswordHash: z.string(),
    }),
  ),
});
export type StackSecrets = z.infer<typeof stackSecrets>;
