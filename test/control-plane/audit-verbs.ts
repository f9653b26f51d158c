/** The database of a service, the audit entry that a verb makes there, and one call of it. */
export interface AuditedVerb {
  service: "auth" | "tenant" | "instance";
  action: string;
  run: () => Promise<void>;
}
/** By method and path, as the served documents name them. */
export type AuditedVerbs = Record<string, AuditedVerb>;
