import { z } from "zod";
import type { Settings } from "../../settings.ts";

/** Raised when a backup holds something else, or holds it otherwise. */
export const format = 1;

export const manifestName = "manifest.json";
/** Says of the manifest what the manifest says of everything else. */
export const manifestHashName = "manifest.sha256";

/** A part's path inside the backup: nothing that leads out of a folder it is unpacked into. */
const partName = z.string().regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))[A-Za-z0-9._/-]+$/, "is not a part's name");

const part = z.object({ name: partName, bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
export type Part = z.infer<typeof part>;

const tenant = z.object({
  id: z.string(),
  slug: z.string().nullable(),
  status: z.string(),
  revision: z.int(),
  /** When people could log in to it for the first time. */
  readyAt: z.string().nullable(),
});

/** Settings by which the tenants were made: with others their stacks would not be as they are. */
const place = z.object({
  BERTH_ENV: z.string(),
  BERTH_DOMAIN: z.string(),
  BERTH_HTTP_PORT: z.int(),
  BERTH_POSTGRES_PORT: z.int(),
  BERTH_TENANT_SUBNET: z.string(),
});
export type Place = z.infer<typeof place>;

/** What a backup says of itself. */
export const manifest = z.object({
  format: z.literal(format),
  /** Of this backup alone. */
  id: z.uuid(),
  berth: z.string(),
  /** The moment that all databases are of. */
  at: z.iso.datetime(),
  place,
  /** Migrations that each service's tables had, by the time they carry. */
  migrations: z.record(z.string(), z.number()),
  tenants: z.array(tenant),
  parts: z.array(part).min(1),
});
export type Manifest = z.infer<typeof manifest>;

export function placeOf(settings: Settings): Place {
  return {
    BERTH_ENV: settings.env,
    BERTH_DOMAIN: settings.domain,
    BERTH_HTTP_PORT: settings.httpPort,
    BERTH_POSTGRES_PORT: settings.postgresPort,
    BERTH_TENANT_SUBNET: settings.tenantSubnet,
  };
}
