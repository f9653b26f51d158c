// A warm worker: has Pulumi and the tenant program loaded and its own set of plugins, runs one engine at a time.
import { readFileSync } from "node:fs";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { killWorker } from "../processes/kill.ts";
import { type EngineAhead, startAhead } from "./ahead.ts";
import { startPlugins } from "./plugins.ts";
import type { EngineRequest, EngineResult, FromWorker, ToWorker, WorkerArgument } from "./protocol.ts";
import { type RunContext, runEngine } from "./run.ts";

// Pulumi notes a stack trace with every promise it makes, in case one is never kept: a tenth of what a run costs here.
Error.stackTraceLimit = 0;

const setup = JSON.parse(process.argv[2] ?? "{}") as WorkerArgument;
const say = (message: FromWorker) => {
  if (process.connected) process.send?.(message);
};

// Whoever led us is dead: take the engine and the plugins along, they would finish things nobody knows of.
const end = () => void killWorker(setup.id).finally(() => process.exit(1));
if (process.connected) process.once("disconnect", end);
else end();

let pluginDied: string | undefined;
const [pulumiCommand, plugins] = await Promise.all([
  PulumiCommand.get(),
  startPlugins(setup.plugins, (name) => {
    pluginDied = name;
    say({ type: "plugin-died", name });
  }),
]);

const workspace = {
  workDir: setup.workDir,
  pulumiCommand,
  envVars: {
    PULUMI_DEBUG_PROVIDERS: plugins.attach,
    // The CLI works for a second or two, however long it waits: collecting garbage in it costs more than the memory it
    // frees.
    GOGC: "off",
    GOMEMLIMIT: "700MiB",
  },
};
let running: AbortController | undefined;
const ahead = new Map<string, EngineAhead>();

process.on("message", (message: ToWorker) => {
  if (message.type === "cancel") running?.abort();
  else if (message.type === "memory") say({ type: "memory", memory: memory() });
  else if (message.type === "ahead") beginAhead(message);
  else if (message.type === "not-ahead") endAhead(message.tenantId);
  else void run(message.request);
});
say({ type: "ready" });

async function run(request: EngineRequest): Promise<void> {
  const abort = new AbortController();
  running = abort;
  const context: Omit<RunContext, "workspace"> = {
    onEvent: (event) => say({ type: "event", event }),
    signal: abort.signal,
  };
  const waiting = ahead.get(request.tenantId);
  ahead.delete(request.tenantId);
  const runs = async () => {
    if (waiting && request.command === "up" && !request.refresh) return waiting.goOn(request.config, context);
    void waiting?.end();
    return runEngine(request, { ...context, workspace });
  };
  const from = performance.now();
  const result = await runs().catch((error): EngineResult => ({ status: "broken", reason: String(error) }));
  running = undefined;
  const ms = Math.round(performance.now() - from);
  const { command } = request;
  say({
    type: "log",
    message: "the engine has run",
    fields: { command, status: result.status, ms, workerPid: process.pid },
  });
  say({ type: "result", result: pluginDied && result.status !== "succeeded" ? dead(pluginDied) : result });
}

function beginAhead(stack: { tenantId: string; salt: string }): void {
  const { tenantId } = stack;
  const engine = startAhead(stack, workspace);
  ahead.set(tenantId, engine);
  const isWaiting = () => ahead.get(tenantId) === engine;
  void engine.over.then(() => {
    if (!isWaiting()) return;
    ahead.delete(tenantId);
    say({ type: "ahead", tenantId, waits: false });
  });
  void engine.waits.then(() => isWaiting() && say({ type: "ahead", tenantId, waits: true }));
}

function endAhead(tenantId: string): void {
  void ahead.get(tenantId)?.end();
  ahead.delete(tenantId);
  say({ type: "ahead", tenantId, waits: false });
}

function dead(name: string): EngineResult {
  return { status: "broken", reason: `The plugin ${name} died.` };
}

function memory(): Record<string, number> {
  const of = (pid: number) => {
    const line = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Math.round(Number(line?.[1] ?? 0) / 1024);
  };
  return Object.fromEntries([
    ["worker", of(process.pid)],
    ...plugins.processes.map(({ name, pid }) => [name, of(pid)]),
  ]);
}
