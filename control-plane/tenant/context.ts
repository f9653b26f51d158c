import type { Caller } from "../audit/write.ts";
import type { Queries } from "../database.ts";

/** What verbs of the tenant service are given besides their input. */
export interface TenantContext {
  db: Queries;
  caller: Caller;
  /** Where a tenant's first instance answers. */
  addressOf(slug: string): { host: string; url: string };
}
