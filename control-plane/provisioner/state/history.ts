import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { project } from "../../../stacks/tenant/names.ts";
import type { StackUpdate } from "../../instance/record-outside-updates.ts";
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

/** Characters of somebody's words that are kept. */
const longest = 500;
const short = (text: string) => text.slice(0, 50);

/** How the provisioner's own engines are run. */
const ownKind = "auto.inline";

/**
 * Updates in stacks' histories, written since a moment, and the moment up to which there is nothing more to be seen: both
 * as PostgreSQL's clock has them.
 */
export async function readUpdates(
  store: StateStore,
  prefix: string,
  since: Date,
): Promise<{ updates: StackUpdate[]; upTo: Date }> {
  const { rows, now } = await store.history(prefix, since);
  const updates = rows.flatMap(({ key, content }) => {
    const [, tenantId, name] = new RegExp(`/${project}/(\\w+)/([^/]+)\\.history\\.json`).exec(key) ?? [];
    return tenantId && name ? [update(tenantId, name, content)] : [];
  });
  return { updates, upTo: now };
}

function update(tenantId: string, name: string, content: Buffer): StackUpdate {
  const { kind, startTime, endTime, message, result, environment, resourceChanges } = entry.parse(
    read(content) ?? {},
  );
  return {
    ...{ tenantId, name, kind: short(kind), result: short(result) },
    startedAt: new Date(startTime * 1000),
    endedAt: new Date(endTime * 1000),
    message: message.slice(0, longest),
    by: short(environment["exec.kind"]),
    looksOwn: environment["exec.kind"] === ownKind,
    changes: Object.fromEntries(Object.entries(resourceChanges ?? {}).slice(0, 20)),
  };
}

/** The JSON of an entry, which somebody may have had compressed; undefined when it cannot be read. */
function read(content: Buffer): unknown {
  try {
    const isCompressed = content[0] === 0x1f && content[1] === 0x8b;
    return JSON.parse((isCompressed ? gunzipSync(content) : content).toString("utf8"));
  } catch {
    return undefined;
  }
}
