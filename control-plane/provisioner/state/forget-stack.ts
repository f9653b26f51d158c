import { checkpointFile } from "./checkpoint.ts";
import { type StateStore, stateKeys } from "./state-store.ts";

/**
 * What a stack leaves for the record: update history (newest first) and the last checkpoint that had anything in
 * it. Beside every entry of its history Pulumi keeps the checkpoint of that moment.
 */
export async function readKeepsakes(store: StateStore, tenantId: string) {
  const rows = await store.read(stateKeys(tenantId).history);
  const parsed = (ending: string): unknown[] =>
    rows
      .filter(({ key }) => key.endsWith(ending))
      .map(({ text }): unknown => JSON.parse(text))
      .reverse();
  const states = parsed(".checkpoint.json");
  return { history: parsed(".history.json"), state: states.find(hasResources) ?? states[0] };
}

function hasResources(state: unknown): boolean {
  const parsed = checkpointFile.safeParse(state);
  return parsed.success && (parsed.data.checkpoint.latest?.resources ?? []).length > 0;
}

/**
 * What `pulumi stack rm --force` does, without a process: removes the stack's rows.
 * Only for a stack that is empty and that this provisioner holds the lease of.
 */
export async function forgetStack(store: StateStore, tenantId: string): Promise<void> {
  const { stack, history, backups, locks } = stateKeys(tenantId);
  const rows = await Promise.all([stack, history, backups, locks].map((prefix) => store.list(prefix)));
  await store.remove(rows.flat().map(({ key }) => key));
}
