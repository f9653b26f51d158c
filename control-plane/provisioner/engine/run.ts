import {
  type EngineEvent,
  LocalWorkspace,
  type LocalWorkspaceOptions,
  type OpMap,
  type PulumiCommand,
  Stack,
} from "@pulumi/pulumi/automation/index.js";
import { stackName } from "../../../stacks/tenant/names.ts";
import { program } from "../../../stacks/tenant/program.ts";
import type { EngineRequest, EngineResult, ResourceEvent } from "./protocol.ts";

export interface RunContext {
  workspace: LocalWorkspaceOptions & { pulumiCommand: PulumiCommand };
  onEvent: (event: ResourceEvent) => void;
  signal: AbortSignal;
}

/** Runs the engine once and says how it ended; throws only when it could not even be asked. */
export async function runEngine(request: EngineRequest, context: RunContext): Promise<EngineResult> {
  const name = stackName(request.tenantId);
  const workspace = await quietWorkspace(context.workspace);
  const seen = new Seen();
  const onEvent = (event: EngineEvent) => seen.take(event, context.onEvent);
  const run = async () => {
    if (request.command === "init") {
      await workspace.createStack(name);
    } else {
      const stack = await Stack.select(name, workspace);
      stack.info = async () => undefined;
      await runOn(stack, request, { onEvent, signal: context.signal });
    }
  };
  return ended(run(), seen, context.signal);
}

/** How a run ended. */
export async function ended(run: Promise<void>, seen: Seen, signal: AbortSignal): Promise<EngineResult> {
  try {
    await run;
    return { status: "succeeded", changes: seen.changes, outputs: seen.outputs };
  } catch (error) {
    if (signal.aborted) return { status: "cancelled" };
    const raw = error instanceof Error ? error.message : String(error);
    if (/was killed with SIG|ENOENT/.test(raw))
      return { status: "broken", reason: raw.split("\n").slice(0, 4).join(" ") };
    return { status: "failed", diagnostics: seen.errors, raw };
  }
}

/** A workspace that starts no CLI of its own: stacks exist already, outputs are read from the events. */
export async function quietWorkspace(options: LocalWorkspaceOptions): Promise<LocalWorkspace> {
  const workspace = await LocalWorkspace.create(options);
  workspace.selectStack = async () => undefined;
  workspace.stackOutputs = async () => ({});
  return workspace;
}

type Options = { onEvent: (event: EngineEvent) => void; signal: AbortSignal };

async function runOn(
  stack: Stack,
  request: Exclude<EngineRequest, { command: "init" }>,
  options: Options,
): Promise<void> {
  switch (request.command) {
    case "up":
      await stack.up({ ...options, program: program(request.config), refresh: request.refresh });
      return;
    case "preview":
      await stack.preview({ ...options, program: program(request.config), refresh: request.refresh });
      return;
    case "refresh":
      await stack.refresh({ ...options, clearPendingCreates: request.clearPending });
      return;
    case "destroy":
      await stack.destroy({ ...options, refresh: request.refresh });
      return;
  }
}

/** What the events of a run told. */
export class Seen {
  changes: OpMap = {};
  errors: string[] = [];
  outputs: unknown;

  take(event: EngineEvent, tell: (event: ResourceEvent) => void): void {
    const resource = resourceEvent(event);
    if (resource) tell(resource);
    if (event.summaryEvent) this.changes = event.summaryEvent.resourceChanges;
    if (event.diagnosticEvent?.severity === "error") this.errors.push(event.diagnosticEvent.message);
    const metadata = event.resOutputsEvent?.metadata;
    if (metadata?.type === "pulumi:pulumi:Stack") this.outputs = metadata.new?.outputs;
  }
}

function resourceEvent(event: EngineEvent): ResourceEvent | undefined {
  const { resourcePreEvent: begun, resOutputsEvent: succeeded, resOpFailedEvent: failed } = event;
  const metadata = (begun ?? succeeded ?? failed)?.metadata;
  if (!metadata) return undefined;
  const { urn, type, op } = metadata;
  return { phase: begun ? "begun" : succeeded ? "succeeded" : "failed", urn, type, op };
}
