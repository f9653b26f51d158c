import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";
import { askSupervisor } from "../supervisor/ask.ts";
import { until } from "../until.ts";

/** Has the supervisor restart processes of these names, and waits until each runs as another process. */
export async function restartChildren(settings: Settings, names: string[]): Promise<void> {
  const socket = dataPaths(settings.dataDir).supervisorSocket;
  const ask = async (word: Parameters<typeof askSupervisor>[1]) => {
    const status = await askSupervisor(socket, word);
    if (!status) throw new Error(`The control plane of "${settings.env}" has stopped meanwhile.`);
    return new Map(status.children.map((child) => [child.name, child]));
  };
  const before = await ask("status");
  for (const name of names) await ask(`restart ${name}`);
  const isAnother = async () => {
    const now = await ask("status");
    return names.every((name) => {
      const child = now.get(name);
      return child?.pid !== undefined && child.startedAt !== before.get(name)?.startedAt;
    });
  };
  // Each has 25 s to end what it is at.
  const wait = { what: `${names.join(", ")} to be restarted`, deadlineMs: 120_000, everyMs: 100 };
  await until(isAnother, wait);
}
