import { withRedis } from "../../components/provider/redis.ts";
import { type DatabaseLogin, withClient } from "../database.ts";
import { until } from "../until.ts";
import type { Deps, Work } from "./deps.ts";

/** What we stand on and do not run ourselves. */
export type Outside = "PostgreSQL" | "Redis" | "the Docker engine";

/** Which of them do not answer right now. */
export async function away(
  deps: Pick<Deps, "docker" | "redis" | "tenantsServer" | "platformServer">,
): Promise<Outside[]> {
  const checks: Array<[Outside, Promise<unknown>]> = [
    ["PostgreSQL", Promise.all([ask(deps.tenantsServer), ask(deps.platformServer)])],
    ["Redis", withRedis(deps.redis, (redis) => redis.ping())],
    ["the Docker engine", deps.docker.call("GET", "/version")],
  ];
  const answers = await Promise.allSettled(checks.map(([, check]) => check));
  return checks.flatMap(([name], i) => (answers[i]?.status === "rejected" ? [name] : []));
}

/**
 * Waits, as a step that people see, until everything outside answers. Gives those that still do not when the
 * deadline passes; an empty list means: go on.
 */
export async function untilBack(deps: Deps, work: Work, signal: AbortSignal): Promise<Outside[]> {
  let missing = await away(deps);
  if (missing.length === 0) return [];
  const step = `wait for ${missing.join(" and ")}`;
  work.journal.begin(step);
  work.log.warn({ missing }, "waiting for what does not answer");
  try {
    await until(
      async () => {
        missing = await away(deps);
        return missing.length === 0;
      },
      { what: missing.join(" and "), deadlineMs: deps.limits.outsideMs, everyMs: 250, signal },
    );
    work.journal.end(step);
  } catch (error) {
    work.end.throwIfAborted();
    work.journal.end(step, "failed");
    if (!signal.aborted) work.log.error({ err: error, missing }, "it did not come back in time");
  }
  return missing;
}

async function ask(login: DatabaseLogin): Promise<void> {
  await withClient(login, "berth provisioner", (client) => client.query("select 1"), 5_000);
}
