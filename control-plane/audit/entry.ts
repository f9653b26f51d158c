import { z } from "zod";

/** Chain of what belongs to no organisation: accounts, staff, templates. */
export const platformChain = "platform";

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const chain = z.string().regex(/^(org_[a-z0-9_]{1,40}|platform)$/);
const state = z.record(z.string(), z.unknown()).nullable();

/** One entry of the audit, as its line says it. */
export const auditEntry = z.object({
  v: z.literal(1),
  service: z.enum(["user", "tenant", "instance"]),
  /** An organisation's id, or {@link platformChain}. */
  chain,
  /** Place in the service's chain, from 1, without gaps. */
  position: z.int().min(1),
  /** Hash of the line before; null for the first. */
  previous: hash.nullable(),
  at: z.iso.datetime(),
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  tenant: z.string().nullable(),
  /** Address the request came from. */
  origin: z.string().nullable(),
  requestId: z.string(),
  before: state,
  after: state,
});
export type AuditEntry = z.infer<typeof auditEntry>;

/** The end of a chain: how many entries it has, and the hash of the last one. */
export const chainEnd = z.object({ position: z.int().min(1), hash });

/**
 * What vouches for a chain up to a moment: the end of it in each service that has any of it. Whoever has one of these from
 * earlier sees by it that nothing was changed since.
 */
export const auditHead = z.object({
  v: z.literal(1),
  chain,
  at: z.iso.datetime(),
  heads: z.partialRecord(auditEntry.shape.service, chainEnd),
});
export type AuditHead = z.infer<typeof auditHead>;
