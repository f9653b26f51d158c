import { request } from "node:http";
import type { Job } from "../../observability/jobs.ts";
import type { Logger } from "../../observability/log.ts";
import { ensureFirewall } from "../../platform/firewall/ensure.ts";
import type { FirewallPlan } from "../../platform/firewall/rules.ts";
import type { Run } from "../../platform/run.ts";

export interface FirewallWatch {
  /** Why no work may be taken; undefined while the rules hold. */
  problem(): string | undefined;
  /** Looks now and puts back what is missing. */
  look(): Promise<void>;
  /** Looks now, whatever look is under way, and says what {@link problem} says then. */
  ask(): Promise<string | undefined>;
  stop(): void;
}

const everyMs = 5_000;
const reconnectMs = 500;

/**
 * Keeps the tenants' firewall rules in place: at start, every few seconds, and whenever the engine says that it
 * or a network of it began anew, because then it writes its own rules.
 */
export function watchFirewall(options: {
  run: Run;
  plan: FirewallPlan;
  dockerHost: string;
  job: Job;
  log: Logger;
  /** Told when the rules hold again. */
  onMended: () => void;
}): FirewallWatch {
  const { run, plan, job, log } = options;
  let problem: string | undefined = "the firewall's rules were not looked at yet";
  let looking: Promise<void> | undefined;
  let again = false;
  const once = async () => {
    const mended = await ensureFirewall(run, plan);
    if (mended.length > 0) log.error({ mended }, "firewall rules were missing and have been put back");
    if (problem) options.onMended();
    problem = undefined;
  };
  const failed = (error: unknown) => {
    problem = `the firewall's rules do not hold: ${error instanceof Error ? error.message : String(error)}`;
    log.error({ err: error }, "the firewall's rules could not be put in place");
  };
  const look = (): Promise<void> => {
    // The rules may have gone after this look read them.
    if (looking) again = true;
    looking ??= job(once, failed).finally(() => {
      looking = undefined;
      if (!again) return;
      again = false;
      void look();
    });
    return looking;
  };
  const timer = setInterval(() => void look(), everyMs);
  const stopEvents = followEvents(options.dockerHost, () => void look());
  return {
    problem: () => problem,
    look,
    async ask() {
      await looking;
      await look();
      return problem;
    },
    stop() {
      clearInterval(timer);
      stopEvents();
    },
  };
}

/** Calls `onEvent` after every event of a network or the engine itself, and after every connect. */
function followEvents(dockerHost: string, onEvent: () => void): () => void {
  const url = new URL(dockerHost);
  const where =
    url.protocol === "unix:" ? { socketPath: url.pathname } : { host: url.hostname, port: url.port };
  const filters = encodeURIComponent(
    JSON.stringify({ type: ["network", "daemon"], event: ["create", "destroy", "reload"] }),
  );
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let following: ReturnType<typeof request> | undefined;
  const follow = () => {
    following = request({ ...where, path: `/events?filters=${filters}`, agent: false }, (answer) => {
      onEvent();
      answer.on("data", onEvent);
      answer.on("error", () => undefined);
    });
    following.on("error", () => undefined);
    following.once("close", () => {
      if (!stopped) timer = setTimeout(follow, reconnectMs);
    });
    following.end();
  };
  follow();
  return () => {
    stopped = true;
    clearTimeout(timer);
    following?.destroy();
  };
}
