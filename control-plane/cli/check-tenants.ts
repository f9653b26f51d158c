import type { Settings } from "../settings.ts";
import { DeadlineError, until } from "../until.ts";
import { type Api, ApiError, openApi } from "./api.ts";
import { type CheckResult, checkResult, differenceLines } from "./check-result.ts";
import { everyItem } from "./every-item.ts";
import type { Say } from "./say.ts";

interface Operation {
  id: string;
  status: string;
  error: { message: string } | null;
}
/** What became of a check: what it found, why it was not made now, or why it could not be. */
type Outcome = { found: CheckResult } | { skipped: string } | { failed: string };

/** A check takes seconds. One that waits so long waits for a provisioner that is away. */
const deadlineMs = 600_000;
/** Why a tenant is left out: of one that is being made, changed or removed nothing can be said. */
const notNow = ["not_ready", "operation_in_progress", "tenant_deleting"];
/** The same where nobody named it: it may have gone since the list was read. */
const notNowOfAll = [...notNow, "not_found"];

/**
 * Compares tenants with what is really there, one or all of them, and changes nothing. One after the other: customers' own
 * operations find a worker beside it.
 * @returns whether all that were looked at are as their program says
 */
export async function checkTenants(
  settings: Settings,
  say: Say,
  slug: string | undefined,
  options: { all?: boolean },
): Promise<boolean> {
  if ((slug === undefined) !== (options.all === true))
    throw new Error("Say which tenant to check, by its slug, or --all.");
  const api = await openApi(settings);
  const slugs = slug !== undefined ? [slug] : await everySlug(api);
  const count = { same: 0, different: 0, skipped: 0, failed: 0 };
  for (const name of slugs) {
    const outcome = await checked(settings, api, name, options.all ? notNowOfAll : notNow);
    if ("failed" in outcome) {
      count.failed++;
      say.line(`${name}: the check failed. ${outcome.failed}`);
    } else if ("skipped" in outcome) {
      count.skipped++;
      say.line(`${name}: not looked at. ${outcome.skipped}`);
    } else if (outcome.found.differences.length === 0) count.same++;
    else {
      count.different++;
      say.line(`${name}:`);
      for (const line of differenceLines(outcome.found)) say.line(`    ${line}`);
    }
  }
  say.line(
    `As their program says: ${count.same}. Not so: ${count.different}. Not looked at: ${count.skipped}. Failed: ${count.failed}.`,
  );
  return count.different === 0 && count.failed === 0;
}

async function everySlug(api: Api): Promise<string[]> {
  return (await everyItem<{ slug: string }>(api, "/tenant/v1/tenants")).map(({ slug }) => slug);
}

async function checked(settings: Settings, api: Api, slug: string, skipped: string[]): Promise<Outcome> {
  const path = `/instance/v1/tenants/${encodeURIComponent(slug)}/check`;
  const asked = await api<{ operation: Operation }>("POST", path).catch((error) => {
    if (error instanceof ApiError && skipped.includes(error.code ?? "")) return { skipped: error.message };
    throw error;
  });
  if ("skipped" in asked) return asked;
  const { id } = asked.operation;
  const ended = await until(
    async () => {
      const now = await api<Operation>("GET", `/instance/v1/operations/${id}`);
      return ["succeeded", "failed", "cancelled"].includes(now.status) ? now : undefined;
    },
    { what: `the check of "${slug}" (${id})`, deadlineMs, everyMs: 250 },
  ).catch((error) => {
    // The other tenants are looked at all the same.
    if (error instanceof DeadlineError) return undefined;
    throw error;
  });
  if (!ended) return { failed: `It has not ended after ten minutes (${id})` };
  if (ended.status !== "succeeded") return { failed: `${ended.error?.message ?? ended.status} (${id})` };
  const found = await checkResult(settings, id);
  return found ? { found } : { failed: `It does not say what it has found (${id})` };
}
