import { withIds } from "./observability/ids.ts";
import type { Logger } from "./observability/log.ts";
import type { Background } from "./running-service.ts";

const everyMinutes = 60;

/** Removes what was kept long enough, every hour. What fails is tried again with the next one. */
export function startTidying(removals: Record<string, () => Promise<unknown>>, log: Logger): Background {
  const timer = setInterval(() => {
    for (const [what, remove] of Object.entries(removals))
      withIds({ job: `forget old ${what}` }, () =>
        remove().catch((error) => log.warn({ err: error }, "what is old stays for now")),
      );
  }, everyMinutes * 60_000);
  return { stop: async () => clearInterval(timer) };
}
