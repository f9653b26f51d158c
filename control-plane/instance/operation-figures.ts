import { Counter, Histogram, type Registry } from "prom-client";
import type { EndedOperation } from "./context.ts";
import { operationKind } from "./operation-status.ts";

const outcomes = ["succeeded", "failed", "cancelled"] as const;

/** Seconds: a restart takes three, modules and demo data minutes. */
const buckets = [0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 30, 60, 120, 300, 900, 1_800];

/** Counts operations that have ended in this process: all are there from the beginning, with 0. */
export function countOperations(registry: Registry): (ended: EndedOperation) => void {
  const counter = new Counter({
    name: "berth_operations_total",
    help: "Operations that have ended, by how; one that was cancelled before it began is counted by the instance service",
    labelNames: ["kind", "outcome"],
    registers: [registry],
  });
  for (const kind of operationKind.options) for (const outcome of outcomes) counter.inc({ kind, outcome }, 0);
  return ({ kind, outcome }) => counter.inc({ kind, outcome });
}

/** What the process that works on operations notes of them. */
export function workFigures(registry: Registry) {
  const [count, time] = [countOperations(registry), timeOperations(registry)];
  return {
    ended(operation: EndedOperation): void {
      count(operation);
      time(operation);
    },
    timeStep: timeSteps(registry),
  };
}

/** Times operations from when somebody first worked on them to their end. */
function timeOperations(registry: Registry): (ended: EndedOperation) => void {
  const histogram = new Histogram({
    name: "berth_operation_duration_seconds",
    help: "Time from an operation's first claim to its end, interruptions included",
    labelNames: ["kind", "outcome"],
    buckets,
    registers: [registry],
  });
  for (const kind of operationKind.options) for (const outcome of outcomes) histogram.zero({ kind, outcome });
  return ({ kind, outcome, seconds }) => {
    if (seconds !== undefined) histogram.observe({ kind, outcome }, seconds);
  };
}

/** Times the steps of operations. */
function timeSteps(registry: Registry): (kind: string, step: string, seconds: number) => void {
  const histogram = new Histogram({
    name: "berth_operation_step_duration_seconds",
    help: "Time that a step of an operation took, whether it succeeded or not",
    labelNames: ["kind", "step"],
    buckets,
    registers: [registry],
  });
  return (kind, step, seconds) => histogram.observe({ kind, step }, seconds);
}
