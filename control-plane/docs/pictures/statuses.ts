import {
  hasEnded,
  mayRetry,
  type OperationKind,
  type OperationStatus,
  operationKind,
  operationStatus,
} from "../../instance/operation-status.ts";
import { type StackStatus, stackStatus, stackStatusDuring } from "../../instance/stack-status.ts";

/** What may follow. A status that is new does not compile without its line. */
const follows: Record<OperationStatus, OperationStatus[]> = {
  queued: ["running", "cancelled"],
  running: ["succeeded", "failed", "cancelled"],
  succeeded: [],
  failed: [],
  cancelled: [],
};

/** How an operation goes. */
export function operationPicture(): string {
  const lines = operationStatus.options.flatMap((status) => {
    if (hasEnded(status) !== (follows[status].length === 0))
      throw new Error(`What follows on "${status}" is not as operation-status.ts says.`);
    return [
      ...follows[status].map((next) => `  ${status} --> ${next}`),
      ...(mayRetry(status) ? [`  ${status} --> queued: retry, as a new operation`] : []),
      ...(hasEnded(status) ? [`  ${status} --> [*]`] : []),
    ];
  });
  return ["stateDiagram-v2", "  [*] --> queued", ...lines].join("\n");
}

/** Where an operation of each kind begins and what it leaves behind when it succeeds. */
const ends: Record<Exclude<OperationKind, "check">, { from: StackStatus[]; to: StackStatus }> = {
  create: { from: ["reserved", "failed"], to: "ready" },
  change: { from: ["ready", "failed"], to: "ready" },
  restart: { from: ["ready"], to: "ready" },
  destroy: { from: ["ready", "failed"], to: "gone" },
};

/** How a tenant's stack goes. */
export function stackPicture(): string {
  const lines = operationKind.options.flatMap((kind) => {
    if (kind === "check") return [];
    const { from, to } = ends[kind];
    const during = stackStatusDuring(kind);
    return [
      ...from.map((status) => `  ${status} --> ${during}: ${kind}`),
      `  ${during} --> ${to}`,
      `  ${during} --> failed`,
    ];
  });
  const drawn = new Set(lines.join(" ").match(/\w+/g));
  for (const status of stackStatus.options)
    if (!drawn.has(status)) throw new Error(`The status "${status}" is in no picture.`);
  return ["stateDiagram-v2", "  [*] --> reserved", ...new Set(lines), "  gone --> [*]"].join("\n");
}
