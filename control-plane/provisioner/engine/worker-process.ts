import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Logger } from "../../observability/log.ts";
import { logOutput } from "../../observability/whole-process.ts";
import { provisionerTag, sessionName, workerTag } from "../processes/identity.ts";
import type {
  EngineRequest,
  EngineResult,
  FromWorker,
  ResourceEvent,
  ToWorker,
  WorkerArgument,
  WorkerMemory,
  WorkerSetup,
} from "./protocol.ts";

export interface WorkerOptions {
  setup: WorkerSetup;
  /** The worker's whole environment; its children inherit it. */
  env: Record<string, string>;
  /** Value of the provisioner's tag. */
  tag: string;
  /** Told when an engine that was started ahead ended by itself. */
  onEngineLost?: (tenantId: string) => void;
  /** Told once, when the worker or one of its plugins died. */
  onUnfit?: (worker: WorkerProcess) => void;
  log: Logger;
}

/** Time a graceful stop of the engine may take before the set is killed. */
const cancelGraceMs = 20_000;
const startDeadlineMs = 60_000;
const aheadDeadlineMs = 20_000;

/** One worker as its parent sees it. Any death, of worker or plugin, makes it unfit for good. */
export class WorkerProcess {
  readonly id = randomUUID();
  /** Resolves when it can run; rejects when it could not start. */
  readonly ready: Promise<void>;
  runs = 0;
  /** Tenants for whom an engine waits in it, or is being started. */
  readonly ahead = new Set<string>();
  #unfit: string | undefined;
  readonly #log: Logger;
  /** With the ids of the operation it works for. */
  #runLog: Logger;
  readonly #onUnfit: WorkerOptions["onUnfit"];
  readonly #onEngineLost: WorkerOptions["onEngineLost"];
  readonly #child: ChildProcess;
  readonly #died = Promise.withResolvers<string>();
  #take: ((message: FromWorker) => void) | undefined;

  constructor({ setup, env, tag, onUnfit, onEngineLost, log }: WorkerOptions) {
    this.#onUnfit = onUnfit;
    this.#log = log.child({ worker: this.id });
    this.#runLog = this.#log;
    this.#onEngineLost = onEngineLost;
    this.#child = fork(
      join(import.meta.dirname, "worker.ts"),
      [JSON.stringify({ ...setup, id: this.id } satisfies WorkerArgument)],
      {
        env: { ...env, [provisionerTag]: tag, [workerTag]: this.id, PGAPPNAME: sessionName(tag, this.id) },
        execArgv: [],
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      },
    );
    // Its plugins write there as well, and it and they what they die of.
    for (const stream of [this.#child.stdout, this.#child.stderr])
      if (stream) logOutput(stream, () => this.#runLog);
    const started = Promise.withResolvers<void>();
    this.ready = started.promise;
    const timer = setTimeout(() => this.#fail("it was not ready in time"), startDeadlineMs);
    this.#child.on("message", (message: FromWorker) => {
      if (message.type === "ready") {
        clearTimeout(timer);
        // A plugin may die while the others still start.
        if (this.#unfit) started.reject(new Error(`A worker did not start: ${this.#unfit}.`));
        else started.resolve();
      } else if (message.type === "plugin-died") {
        this.#runLog.warn({ plugin: message.name }, "a plugin died");
        this.#spoil(`its plugin ${message.name} died`);
      } else if (message.type === "log") {
        this.#runLog.info(message.fields, message.message);
      } else if (message.type === "ahead") {
        // One that was taken off the list was ended by us.
        if (!message.waits && this.ahead.delete(message.tenantId)) onEngineLost?.(message.tenantId);
      }
      this.#take?.(message);
    });
    this.#child.once("error", (error) => this.#fail(error.message));
    this.#child.once("exit", (code, signal) => this.#fail(`it ended with ${signal ?? code}`));
    void this.#died.promise.then((why) => {
      clearTimeout(timer);
      started.reject(new Error(`A worker did not start: ${why}.`));
    });
    this.ready.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Why it must not be used again. */
  get unfit(): string | undefined {
    return this.#unfit;
  }

  #fail(why: string): void {
    this.#died.resolve(why);
    this.#spoil(why);
  }

  #spoil(why: string): void {
    if (this.#unfit) return;
    this.#unfit = why;
    this.#onUnfit?.(this);
  }

  /** Runs the engine, and logs what it says by `log`. Never rejects: whatever happens is a result. */
  async run(
    request: EngineRequest,
    { onEvent, signal, log }: { onEvent: (event: ResourceEvent) => void; signal: AbortSignal; log: Logger },
  ): Promise<EngineResult> {
    if (signal.aborted) return { status: "cancelled" };
    this.runs += 1;
    this.#runLog = log.child({ worker: this.id });
    this.ahead.delete(request.tenantId);
    const { promise, resolve } = Promise.withResolvers<EngineResult>();
    this.#take = (message) => {
      if (message.type === "event") onEvent(message.event);
      if (message.type === "result") resolve(message.result);
    };
    let timer: NodeJS.Timeout | undefined;
    const cancel = () => {
      this.#say({ type: "cancel" });
      timer = setTimeout(() => resolve({ status: "cancelled" }), cancelGraceMs);
    };
    signal.addEventListener("abort", cancel, { once: true });
    this.#say({ type: "run", request });
    const result = await Promise.race([
      promise,
      this.#died.promise.then(
        (why): EngineResult => ({ status: "broken", reason: `The worker died: ${why}.` }),
      ),
    ]);
    signal.removeEventListener("abort", cancel);
    clearTimeout(timer);
    this.#take = undefined;
    if (!this.#unfit) this.#runLog = this.#log;
    return result;
  }

  /** Starts an engine that waits until its tenant's `up` is run. Resolves when it does, or will not. */
  async startAhead(stack: { tenantId: string; salt: string }): Promise<void> {
    const { tenantId } = stack;
    const { promise, resolve } = Promise.withResolvers<void>();
    const take = (message: FromWorker) => {
      if (message.type === "ahead" && message.tenantId === tenantId) resolve();
    };
    this.#child.on("message", take);
    this.ahead.add(tenantId);
    this.#say({ type: "ahead", ...stack });
    const timer = setTimeout(() => {
      if (this.endAhead(tenantId)) this.#onEngineLost?.(tenantId);
    }, aheadDeadlineMs);
    await Promise.race([promise, this.#died.promise]);
    clearTimeout(timer);
    this.#child.off("message", take);
  }

  /** Ends the engine that waits for a tenant. Gives whether there was one. */
  endAhead(tenantId: string): boolean {
    if (!this.ahead.delete(tenantId)) return false;
    this.#say({ type: "not-ahead", tenantId });
    return true;
  }

  /** MiB of the worker and each plugin. */
  async memory(): Promise<WorkerMemory> {
    const { promise, resolve } = Promise.withResolvers<WorkerMemory>();
    const take = (message: FromWorker) => message.type === "memory" && resolve(message.memory);
    this.#child.on("message", take);
    this.#say({ type: "memory" });
    const memory = await Promise.race([promise, this.#died.promise.then(() => ({}))]);
    this.#child.off("message", take);
    return memory;
  }

  #say(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}
