import { z } from "zod";
import { project } from "../../../stacks/tenant/names.ts";
import type { OutsideUpdate } from "../../instance/record-outside-update.ts";
import type { StateStore } from "./state-store.ts";

const seconds = z.number().catch(0);
// What another version of Pulumi writes in another way is told as far as it is understood: an update is never left out.
const entry = z.looseObject({
  kind: z.string().catch("unknown"),
  startTime: seconds,
  endTime: seconds,
  message: z.string().catch(""),
  result: z.string().catch("unknown"),
  environment: z.looseObject({ "exec.kind": z.string().catch("unknown") }).catch({ "exec.kind": "unknown" }),
  resourceChanges: z.record(z.string(), z.number()).nullish().catch(null),
});

/** Characters of a message that are kept. */
const messageAtMost = 500;

/**
 * Updates in stacks' histories that were not made by an operation: the provisioner's engines run inline, and a person's do
 * not. Written since a moment, as PostgreSQL's clock has it.
 */
export async function readOutsideUpdates(store: StateStore, prefix: string, since: Date) {
  const rows = await store.historyBeside("auto.inline", prefix, since);
  return rows.flatMap(({ key, text, updatedAt }) => {
    const [, tenantId, name] = new RegExp(`/${project}/(\\w+)/([^/]+)\\.history\\.json$`).exec(key) ?? [];
    if (!tenantId || !name) return [];
    const { kind, startTime, endTime, message, result, environment, resourceChanges } = entry.parse(
      JSON.parse(text),
    );
    const update: OutsideUpdate = {
      ...{ name, kind, result },
      startedAt: new Date(startTime * 1000),
      endedAt: new Date(endTime * 1000),
      message: message.slice(0, messageAtMost),
      by: environment["exec.kind"],
      changes: resourceChanges ?? {},
    };
    return [{ tenantId, update, updatedAt }];
  });
}
