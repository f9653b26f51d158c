import type { OpenAlone } from "../alone/open.ts";
import { serveAlone } from "../alone/serve-alone.ts";
import { askedToStop } from "../cli/asked-to-stop.ts";
import { createLog, gatheringOutput } from "../observability/log.ts";
import { logWholeProcess } from "../observability/whole-process.ts";
import type { ServiceName } from "../service-names.ts";
import { parseSettings, secretVariables } from "../settings.ts";

/** Runs one service as the only program of a container. */
export async function runInImage(name: ServiceName, open: OpenAlone): Promise<void> {
  const env = { ...process.env };
  for (const secret of secretVariables) delete process.env[secret];
  const stop = askedToStop();
  try {
    const settings = parseSettings(env);
    const log = createLog(settings, name, gatheringOutput());
    logWholeProcess(log);
    await serveAlone(name, open, { settings, env, log, stop });
  } catch (error) {
    process.stderr.write(`berth: ${error instanceof Error ? error.message : String(error)}\n`);
    // At once: what a failed start has begun would keep the process, and nobody would start it again.
    process.exit(1);
  }
}
