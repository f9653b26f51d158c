import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
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

/** What the parent says to a worker. */
export type ToWorker = { type: "run"; request: EngineRequest } | { type: "cancel" } | { type: "memory" };

/** Resident memory of a worker and each of its plugins, in MiB. */
export type WorkerMemory = Record<string, number>;

/** What a worker says to its parent. */
export type FromWorker =
  | { type: "ready" }
  | { type: "event"; event: EngineEvent }
  | { type: "result"; result: EngineResult }
  | { type: "plugin-died"; name: string }
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
