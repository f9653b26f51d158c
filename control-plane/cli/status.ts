import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";
import { askSupervisor } from "../supervisor/ask.ts";
import { apiUrl } from "./api.ts";
import type { Say } from "./say.ts";

/** Says what runs. Gives false when something that should run does not. */
export async function status(settings: Settings, say: Say): Promise<boolean> {
  const running = await askSupervisor(dataPaths(settings.dataDir).supervisorSocket, "status");
  if (!running) {
    say.line(`The control plane of "${settings.env}" is not running. Start it with: bin/berth start`);
    return false;
  }
  say.line(`The control plane of "${settings.env}" runs (supervisor ${running.pid}, ${apiUrl(settings)}).`);
  for (const child of running.children) {
    const state = child.pid ? `process ${child.pid} since ${child.startedAt}` : "not running";
    const history = child.restarts ? `, ${child.restarts} restarts, last end: ${child.lastExit}` : "";
    say.line(`  ${child.name}: ${state}${history}`);
  }
  return running.children.every((child) => child.pid !== undefined);
}
