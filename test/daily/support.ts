import { inject } from "vitest";
import { dataPaths } from "../../control-plane/paths.ts";
import { parseSettings } from "../../control-plane/settings.ts";
import { askSupervisor } from "../../control-plane/supervisor/ask.ts";
import { until } from "../../control-plane/until.ts";
import { type Ended, ended } from "./tree.ts";

export const tree = inject("dailyTree");
export const variables = inject("berthEnv");
export const settings = parseSettings(variables);
export const paths = dataPaths(settings.dataDir);

/** Runs bin/berth in the environment of these tests, or with some variables changed. */
export function berth(args: string[], more: Record<string, string> = {}, input = ""): Promise<Ended> {
  return ended("bin/berth", args, { cwd: tree, env: { ...process.env, ...variables, ...more } }, input);
}

/** The same, which must end well; gives what it said. */
export async function mustBerth(...args: string[]): Promise<string> {
  const { code, out, err } = await berth(args);
  if (code !== 0) throw new Error(`berth ${args.join(" ")} ended with ${code}:\n${out}\n${err}`);
  return out;
}

/** The process that a child of the supervisor is now. */
export async function processOf(name: string): Promise<number> {
  const status = await askSupervisor(paths.supervisorSocket, "status");
  const pid = status?.children.find((child) => child.name === name)?.pid;
  if (pid === undefined) throw new Error(`${name} does not run.`);
  return pid;
}

/** Waits until the provisioner is there, so that the next operation is taken at once. */
export async function provisionerTakesWork(): Promise<void> {
  const url = `http://127.0.0.1:${settings.apiPort}/instance/health`;
  await until(
    async () => {
      const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
      return answer?.ok && ((await answer.json()) as { status: string }).status === "ok";
    },
    { what: "the instance service to be well", deadlineMs: 60_000, everyMs: 100 },
  );
}
