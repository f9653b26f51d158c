import { hasEnded, type OperationStatus } from "../instance/operation-status.ts";
import type { Settings } from "../settings.ts";
import { type Api, openApi } from "./api.ts";
import { type CheckResult, checkResult, differenceLines } from "./check-result.ts";
import { everyItem } from "./every-item.ts";
import type { Say } from "./say.ts";

interface Operation {
  id: string;
  tenant: string;
  slug: string | null;
  kind: string;
  status: string;
  steps: Array<{ name: string; status: string; startedAt: string | null; finishedAt: string | null }>;
  error: { code: string; message: string } | null;
  createdAt: string;
}

export interface OperationsOptions {
  json?: boolean;
  status?: OperationStatus;
}

/** How many of the newest are listed; of those that wait or run all are, for it is the oldest that somebody looks for. */
const newest = 20;

/** Lists operations, newest first, with their steps, what went wrong, and what a check has found. */
export async function operations(
  settings: Settings,
  say: Say,
  slug: string | undefined,
  options: OperationsOptions,
): Promise<void> {
  const items = await listed(await openApi(settings), slug, options.status);
  const found = new Map<string, CheckResult | undefined>();
  for (const { id, kind, status } of items)
    if (kind === "check" && status === "succeeded") found.set(id, await checkResult(settings, id));
  if (options.json)
    return say.line(JSON.stringify(items.map((one) => ({ ...one, check: found.get(one.id) }))));
  if (items.length === 0)
    return say.line(options.status ? `No operation is ${options.status}.` : "There are no operations yet.");
  const width = Math.max(16, ...items.flatMap(({ steps }) => steps.map(({ name }) => name.length)));
  for (const operation of items) {
    const { id, tenant, kind, status, createdAt } = operation;
    say.line([createdAt, id, tenant, operation.slug ?? "-", kind, status].join("  "));
    for (const step of operation.steps) {
      const took =
        step.startedAt && step.finishedAt
          ? `${((Date.parse(step.finishedAt) - Date.parse(step.startedAt)) / 1000).toFixed(2)} s`
          : "";
      say.line(`    ${step.name.padEnd(width)} ${step.status.padEnd(10)} ${took}`);
    }
    if (operation.error) say.line(`    ${operation.error.message} (${operation.error.code})`);
    const result = found.get(id);
    if (result?.differences.length === 0) say.line("    all is as the program says");
    for (const line of result ? differenceLines(result) : []) say.line(`    ${line}`);
  }
}

async function listed(
  api: Api,
  slug: string | undefined,
  status: OperationStatus | undefined,
): Promise<Operation[]> {
  const query = new URLSearchParams({ ...(slug ? { tenant: slug } : {}), ...(status ? { status } : {}) });
  const path = "/instance/v1/operations";
  if (status && !hasEnded(status)) return everyItem<Operation>(api, path, query);
  query.set("limit", `${newest}`);
  return (await api<{ items: Operation[] }>("GET", `${path}?${query}`)).items;
}
