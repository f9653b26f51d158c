import type { Settings } from "../settings.ts";
import { openApi } from "./api.ts";
import type { Say } from "./say.ts";

interface Operation {
  id: string;
  tenant: string;
  kind: string;
  status: string;
  steps: Array<{ name: string; status: string; startedAt: string | null; finishedAt: string | null }>;
  error: { code: string; message: string } | null;
  createdAt: string;
}

/** Lists the newest operations, newest first, with their steps and what went wrong. */
export async function operations(
  settings: Settings,
  say: Say,
  slug: string | undefined,
  options: { json?: boolean },
): Promise<void> {
  const api = await openApi(settings);
  const query = slug ? `&tenant=${encodeURIComponent(slug)}` : "";
  const { items } = await api<{ items: Operation[] }>("GET", `/instance/v1/operations?limit=20${query}`);
  if (options.json) return say.line(JSON.stringify(items));
  if (items.length === 0) return say.line("There are no operations yet.");
  const width = Math.max(16, ...items.flatMap(({ steps }) => steps.map(({ name }) => name.length)));
  for (const operation of items) {
    say.line(
      `${operation.createdAt}  ${operation.id}  ${operation.tenant}  ${operation.kind}  ${operation.status}`,
    );
    for (const step of operation.steps) {
      const took =
        step.startedAt && step.finishedAt
          ? `${((Date.parse(step.finishedAt) - Date.parse(step.startedAt)) / 1000).toFixed(2)} s`
          : "";
      say.line(`    ${step.name.padEnd(width)} ${step.status.padEnd(10)} ${took}`);
    }
    if (operation.error) say.line(`    ${operation.error.message} (${operation.error.code})`);
  }
}
