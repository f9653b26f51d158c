import type { AuditHead } from "../../audit/entry.ts";
import type { Settings } from "../../settings.ts";
import { openApi } from "../api.ts";
import type { Say } from "../say.ts";

/** Prints what vouches for a chain of the audit up to now, on one line: to be kept elsewhere. */
export async function auditHeadOf(settings: Settings, say: Say, organization: string): Promise<void> {
  const api = await openApi(settings);
  const head = await api<AuditHead>(
    "GET",
    `/tenant/v1/audit/head?organization=${encodeURIComponent(organization)}`,
  );
  say.line(JSON.stringify(head));
}
