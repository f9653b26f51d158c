// A warm worker: has Pulumi and the tenant program loaded and its own set of plugins, runs one engine at a time.
import { readFileSync } from "node:fs";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { killWorker } from "../processes/kill.ts";
import { startPlugins } from "./plugins.ts";
import type { EngineResult, FromWorker, ToWorker, WorkerArgument } from "./protocol.ts";
import { runEngine } from "./run.ts";

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

let running: AbortController | undefined;

process.on("message", (message: ToWorker) => {
  if (message.type === "cancel") running?.abort();
  else if (message.type === "memory") say({ type: "memory", memory: memory() });
  else void run(message.request);
});
say({ type: "ready" });

async function run(request: Parameters<typeof runEngine>[0]): Promise<void> {
  const abort = new AbortController();
  running = abort;
  const result = await runEngine(request, {
    workspace: {
      workDir: setup.workDir,
      pulumiCommand,
      envVars: {
        PULUMI_DEBUG_PROVIDERS: plugins.attach,
        // The CLI lives a second or two: collecting garbage in it costs more than the memory it frees.
        GOGC: "off",
        GOMEMLIMIT: "700MiB",
      },
    },
    onEvent: (event) => say({ type: "event", event }),
    signal: abort.signal,
  }).catch((error): EngineResult => ({ status: "broken", reason: String(error) }));
  running = undefined;
  say({ type: "result", result: pluginDied && result.status !== "succeeded" ? dead(pluginDied) : result });
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
