import { z } from "zod";
import { type StateStore, stateKeys } from "./state-store.ts";

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});
type StateResource = z.infer<typeof resource>;

export const checkpointFile = z.looseObject({
  checkpoint: z.looseObject({
    latest: z
      .looseObject({
        resources: z.array(resource).nullish(),
        pending_operations: z.array(z.looseObject({ resource, type: z.string() })).nullish(),
      })
      .nullish(),
  }),
});

export interface Checkpoint {
  resources: StateResource[];
  /** Steps that were begun and of whose end Pulumi knows nothing: its process died in between. */
  pending: Array<{ resource: StateResource; type: string }>;
  text: string;
}

/** A stack's last checkpoint as Pulumi wrote it; undefined when there is no such stack in the state. */
export async function readCheckpoint(store: StateStore, tenantId: string): Promise<Checkpoint | undefined> {
  const key = stateKeys(tenantId).checkpoint;
  const row = (await store.read(key)).find((one) => one.key === key);
  if (!row) return undefined;
  const { latest } = checkpointFile.parse(JSON.parse(row.text)).checkpoint;
  return { resources: latest?.resources ?? [], pending: latest?.pending_operations ?? [], text: row.text };
}
