import { z } from "zod";
import { storable } from "../http/storable.ts";
import type { ServiceName } from "../service-names.ts";
import { chainEnd } from "./entry.ts";

const name = storable.min(1).max(200);

/** Which entries are wanted: those for which all that is named holds. */
export const entryFilter = z.object({
  actor: name.optional(),
  /** An action, or with a `*` at its end all that begin so: `tenant.*`. */
  action: name.optional(),
  target: name.optional(),
  requestId: name.optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
});

export const entryQuery = entryFilter.extend({
  /** Entries of this chain; of all when it is left out. */
  chain: name.optional(),
  /** Entries about one of these tenants. */
  tenants: z.array(z.string()).max(100).optional(),
  /** Only entries with a lower number. */
  before: z.int().min(1).optional(),
  limit: z.int().min(1).max(101),
});
export type EntryQuery = z.infer<typeof entryQuery>;

/** An entry as its service keeps it. */
const keptEntry = z.object({
  /** Grows within the service. */
  id: z.int(),
  /** JSON, as {@link auditEntry} describes it. */
  line: z.string(),
  /** SHA-256 of the line. */
  hash: z.string(),
});
type KeptEntry = z.infer<typeof keptEntry>;

export const chainEndAnswer = z.object({ end: chainEnd.nullable() });
export const linesAnswer = z.object({ items: z.array(z.string()) });
export const entriesAnswer = z.object({ items: z.array(keptEntry) });

/** Lines that are asked for at a time. */
export const linesAtMost = 500;

/** One service's part of the audit. */
export interface AuditSource {
  /** Newest first. */
  entries(query: EntryQuery): Promise<KeptEntry[]>;
  /** Where a chain ends; null when this service has nothing of it. */
  end(chain: string): Promise<z.infer<typeof chainEnd> | null>;
  /** A chain's lines after a position, in order, {@link linesAtMost} at most. */
  lines(chain: string, after: number): Promise<string[]>;
}

/** Where the whole audit is gathered from. */
export type AuditSources = Record<ServiceName, AuditSource>;
