import { hkdfSync } from "node:crypto";
import { z } from "zod";

const derived = z
  .base64url()
  .transform((text) => Buffer.from(text, "base64url"))
  .refine((bytes) => bytes.length === 32, "must be 32 bytes in base64url");

/** What every service has a key for. */
const common = {
  /** Fingerprints of requests that are remembered by their Idempotency-Key. */
  idempotency: derived,
  /** Names in Redis of who and what is counted; the same for all, so that they count together. */
  counts: derived,
};

/** What is kept of an environment's key file for a service that runs alone: no other's can be made from it. */
export const serviceKeys = {
  user: z.strictObject({
    ...common,
    /** Signs what is mailed and comes back. */
    identity: derived,
    /** By what the other services show who they are. */
    services: z.strictObject({ tenant: derived, instance: derived }),
  }),
  tenant: z.strictObject({ ...common, service: derived }),
  instance: z.strictObject({
    ...common,
    service: derived,
    /** Seals the secrets of stacks. */
    stackSecrets: derived,
  }),
};
export type ServiceKeys = { [Name in keyof typeof serviceKeys]: z.output<(typeof serviceKeys)[Name]> };

/**
 * Makes every service's keys.
 * @param key what the key file holds: 32 bytes in base64
 */
export function deriveKeys(key: string): ServiceKeys {
  const bytes = Buffer.from(key, "base64");
  if (bytes.length !== 32)
    throw new Error("The key file must hold 32 bytes in base64. Restore it from a backup.");
  const of = (use: string) => Buffer.from(hkdfSync("sha256", bytes, "", `berth ${use}`, 32));
  const all = { idempotency: of("idempotency"), counts: of("counts") };
  const services = { tenant: of("service tenant"), instance: of("service instance") };
  return {
    user: { ...all, identity: of("identity"), services },
    tenant: { ...all, service: services.tenant },
    instance: { ...all, service: services.instance, stackSecrets: of("stack secrets") },
  };
}

/** Text of the file that {@link serviceKeys} reads. */
export function keysText(keys: ServiceKeys[keyof ServiceKeys]): string {
  const encoded = (value: unknown): unknown =>
    Buffer.isBuffer(value)
      ? value.toString("base64url")
      : Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, encoded(one)]));
  return `${JSON.stringify(encoded(keys), null, 2)}\n`;
}
