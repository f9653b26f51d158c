// Reads process.env, as image/ does and nobody else: everything else gets its settings as arguments.
import { program } from "./cli/program.ts";
import { createSay } from "./cli/say.ts";
import { secretVariables } from "./settings.ts";

const say = createSay((text) => process.stdout.write(text));
const env = { ...process.env };
// What is started without an environment of its own inherits this one.
for (const name of secretVariables) delete process.env[name];
// Whoever reads may have seen enough: bin/berth operations | head
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
try {
  await program({ env, say, node: process.execPath, main: import.meta.filename }).parseAsync();
} catch (error) {
  // A person reads this: one sentence, and the stack only for whoever asks for it.
  process.stderr.write(`berth: ${error instanceof Error ? error.message : String(error)}\n`);
  if (process.env.BERTH_LOG_LEVEL === "debug" && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
  // At once: what a failed start has begun (workers, timers) would keep the process, and nobody would restart it.
  process.exit(1);
}
