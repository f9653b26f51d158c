import { rm, writeFile } from "node:fs/promises";
import { type PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import * as automationServer from "@pulumi/pulumi/automation/server.js";
import type { TenantConfig } from "../../../stacks/tenant/contract.ts";
import { stackName } from "../../../stacks/tenant/names.ts";
import { program } from "../../../stacks/tenant/program.ts";
import type { EngineResult } from "./protocol.ts";
import { ended, quietWorkspace, type RunContext, Seen } from "./run.ts";
import { saltFile } from "./salt-files.ts";

/**
 * An `up` that was started before its tenant is known: the CLI loads, derives the stack's key, and waits. It holds
 * nothing of the stack, no lock either, and no time runs in its history: see `holdBack`.
 */
export interface EngineAhead {
  /** Resolves when it is held back, which it is before it has loaded all it will, or has ended. */
  waits: Promise<void>;
  /** Resolves when it has ended, in whatever way. */
  over: Promise<void>;
  /** Lets it go on with a config, as `runEngine` would with the same request. */
  goOn(config: TenantConfig, context: Pick<RunContext, "onEvent" | "signal">): Promise<EngineResult>;
  /** Ends it; nothing of it has reached the stack. */
  end(): Promise<void>;
}

/** @param salt the stack's `encryptionsalt` */
export function startAhead(
  { tenantId, salt }: { tenantId: string; salt: string },
  workspace: RunContext["workspace"] & { workDir: string },
): EngineAhead {
  const configFile = saltFile(workspace.workDir);
  const granted = Promise.withResolvers<TenantConfig>();
  granted.promise.catch(() => undefined);
  const waiting = Promise.withResolvers<void>();
  const stop = new AbortController();
  const seen = new Seen();
  let tell: RunContext["onEvent"] = () => undefined;

  const held: PulumiFn = async () => {
    waiting.resolve();
    return program(await granted.promise)();
  };
  holdBack(held, async () => {
    waiting.resolve();
    await granted.promise;
  });

  const run = async () => {
    await writeFile(configFile, `encryptionsalt: ${salt}\n`, { mode: 0o600 });
    const stack = await Stack.select(stackName(tenantId), await quietWorkspace(workspace));
    stack.info = async () => undefined;
    await stack.up({
      program: held,
      configFile,
      signal: stop.signal,
      onEvent: (event) => seen.take(event, tell),
    });
  };
  const result = ended(run(), seen, stop.signal);
  // It asks for what it is held back by before it has read the file, and makes a salt of its own when there is none.
  const over = result.then(() => rm(configFile, { force: true })).finally(() => waiting.resolve());

  return {
    waits: waiting.promise,
    over,
    async goOn(config, context) {
      tell = context.onEvent;
      const cancel = () => stop.abort();
      context.signal.addEventListener("abort", cancel, { once: true });
      if (context.signal.aborted) cancel();
      granted.resolve(config);
      return result;
    },
    async end() {
      granted.reject(new Error("It was ended before it was needed."));
      // A signal that comes before the CLI has started is never told to it.
      await waiting.promise;
      stop.abort();
      await over;
    },
  };
}

/** What ends the wait of a program's engine. */
const gates = new WeakMap<PulumiFn, () => Promise<void>>();

/**
 * Makes the engine of an inline program wait. Before it takes the stack's lock and notes the time, the CLI asks the
 * language host what it is; ours answers only when the gate opens, and never when it is given up. Where a CLI does not
 * ask, the program itself waits.
 */
function holdBack(held: PulumiFn, gate: () => Promise<void>): void {
  gates.set(held, gate);
}

interface LanguageServer {
  program: PulumiFn;
  about(call: unknown, answer: (error: { code: number; message: string }) => void): void;
}

// The Automation API's own language host, which leaves this call out: to the CLI that is no error.
const { LanguageServer } = automationServer as unknown as { LanguageServer: { prototype: LanguageServer } };
const unimplemented = 12;
LanguageServer.prototype.about = function (_call, answer) {
  const gate = gates.get(this.program) ?? (async () => undefined);
  const say = () => answer({ code: unimplemented, message: "It says nothing about itself." });
  gate().then(say, () => undefined);
};
