import type { ResourceEvent } from "./engine/protocol.ts";

/** What people call the resources of a tenant's stack; what is not here is no step of its own. */
const names: Record<string, string> = {
  "postgresql:index/role:Role": "role",
  "postgresql:index/database:Database": "database",
  "berth:index:Ownership": "ownership",
  "berth:index:Volume": "files",
  "docker:index/container:Container": "container",
  "berth:index:Route": "route",
};

/** A change of one resource, begun or ended. `type` is Pulumi's. */
export interface ResourceStep {
  name: string;
  instance: string;
  type: string;
  phase: "begun" | "succeeded" | "failed";
}

/** The step an engine event is about; undefined for the many that are about nothing a person waits for. */
export function stepOf(event: ResourceEvent): ResourceStep | undefined {
  const { phase, urn, type, op } = event;
  const name = names[type];
  const verb = verbs[op];
  if (!name || verb === undefined) return undefined;
  return { name: `${verb}${name}`, instance: instanceOf(urn), type, phase };
}

/** The instance a resource is part of: resources are named `<instance>-<part>`, and its name may hold hyphens. */
export function instanceOf(urn: string): string {
  return (urn.split("::").at(-1) ?? "").replace(/-[^-]*$/, "");
}

/** Only what changes something is a step. */
const verbs: Record<string, string> = {
  create: "",
  update: "update ",
  "create-replacement": "replace ",
  delete: "remove ",
  "delete-replaced": "remove old ",
};

/** What an `up` would do to a resource that is not as it should be. */
export interface Difference {
  instance: string;
  /** As people call it, or else Pulumi's type. */
  part: string;
  /** Pulumi's word: `create`, `update`, `replace`, `delete`. */
  would: string;
}

/** The difference that an event of a preview tells. */
export function differenceOf(event: ResourceEvent): Difference | undefined {
  const { phase, urn, type, op } = event;
  if (phase !== "begun" || !mending.has(op) || type.startsWith("pulumi:")) return undefined;
  return { instance: instanceOf(urn), part: names[type] ?? type, would: op };
}

const mending = new Set(["create", "update", "replace", "delete"]);
