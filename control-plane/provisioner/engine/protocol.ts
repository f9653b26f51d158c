import type { TenantConfig } from "../../../stacks/tenant/contract.ts";

/** One run of the Pulumi engine on one stack. */
export type EngineRequest =
  | { command: "init"; tenantId: string }
  | { command: "up" | "preview"; tenantId: string; config: TenantConfig; refresh?: boolean }
  | { command: "refresh"; tenantId: string; clearPending?: boolean }
  | { command: "destroy"; tenantId: string; refresh?: boolean };

export type EngineResult =
  /** `changes` counts steps by kind (`create`, `same` ...); `outputs` are the stack's, if the program ran. */
  | { status: "succeeded"; changes: Record<string, number>; outputs: unknown }
  /** Pulumi said no. `diagnostics` are its error messages, `raw` all it printed. */
  | { status: "failed"; diagnostics: string[]; raw: string }
  /** It was asked to stop and did. */
  | { status: "cancelled" }
  /** A process of the set died: what it was doing may be half done. */
  | { status: "broken"; reason: string };

/** What the engine does with one resource; its events carry much more, which nobody here reads. */
export interface ResourceEvent {
  phase: "begun" | "succeeded" | "failed";
  urn: string;
  /** Pulumi's token: `docker:index/container:Container`. */
  type: string;
  /** Pulumi's word: `create`, `same`, `delete` ... */
  op: string;
}

/** What the parent says to a worker. */
export type ToWorker =
  | { type: "run"; request: EngineRequest }
  | { type: "cancel" }
  | { type: "memory" }
  /** Start an engine for a stack whose tenant is not known yet, or end the one that was. */
  | { type: "ahead"; tenantId: string; salt: string }
  | { type: "not-ahead"; tenantId: string };

/** Resident memory of a worker and each of its plugins, in MiB. */
export type WorkerMemory = Record<string, number>;

/** What a worker says to its parent. */
export type FromWorker =
  | { type: "ready" }
  | { type: "event"; event: ResourceEvent }
  | { type: "result"; result: EngineResult }
  | { type: "plugin-died"; name: string }
  /** A line for the log; the parent knows what the run is for. */
  | { type: "log"; message: string; fields: Record<string, unknown> }
  /** Whether an engine waits for a tenant now. */
  | { type: "ahead"; tenantId: string; waits: boolean }
  | { type: "memory"; memory: WorkerMemory };

/** What all workers are told; holds no secret. */
export interface WorkerSetup {
  /** Folder with Pulumi.yaml and the stacks' config files. */
  workDir: string;
  /** Plugins to keep running beside the worker. */
  plugins: Array<{ name: string; command: string; args: string[] }>;
}

/** All a worker needs to know: its only argument. */
export interface WorkerArgument extends WorkerSetup {
  /** By which everything it starts is found. */
  id: string;
}
