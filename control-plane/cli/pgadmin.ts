import { spawn } from "node:child_process";
import { createRun } from "../platform/run.ts";
import { type Settings, withoutSecrets } from "../settings.ts";
import { ofTool } from "./addresses.ts";
import type { CommandLine } from "./command-line.ts";

/** Says where pgAdmin is and how one signs in, and opens it where there is a desktop. */
export async function pgadmin(args: CommandLine & { settings: Settings }): Promise<void> {
  const { settings, env, say } = args;
  const { where, who, how } = await ofTool(settings, createRun(withoutSecrets(env)), "pgadmin");
  if (who === "") throw new Error(`pgAdmin is ${where}.`);
  const answer = await fetch(where, { redirect: "manual", signal: AbortSignal.timeout(5_000) }).catch(
    () => undefined,
  );
  if (!answer || answer.status >= 500)
    throw new Error(
      `pgAdmin does not answer at ${where}. See bin/berth logs pgadmin, or: bin/berth restart pgadmin`,
    );
  say.line(`pgAdmin   ${where}`);
  say.line(`sign in   ${who}, ${how}`);
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return;
  const opener = spawn("xdg-open", [where], { stdio: "ignore", detached: true, env: withoutSecrets(env) });
  opener.on("error", () => say.line("No browser could be opened from here: open the address yourself."));
  opener.unref();
}
