import { isDatabaseAway } from "../database.ts";
import { prepareBench, whyNoDatabase } from "../doctor/bench.ts";
import type { Settings } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";

type Args = Pick<CommandLine, "env"> & { settings: Settings };

/** Throws a sentence when there is no PostgreSQL to ask, before a driver or psql says it in its own words. */
export async function mustHaveDatabase({ settings, env }: Args): Promise<void> {
  const bench = await prepareBench(settings, env);
  const why = whyNoDatabase(bench);
  if (why === undefined) return;
  const engine = "away" in bench.engine ? `the Docker engine does not answer: ${bench.engine.away}` : why;
  throw new Error(
    `There is no PostgreSQL to ask: ${bench.platform ? engine : why}. ${next(bench.isDown || !bench.platform)}`,
  );
}

/** Runs what asks PostgreSQL; when it went away meanwhile, or another's server does not answer, that is said. */
export async function askingDatabase<T>(settings: Settings, work: () => Promise<T>): Promise<T> {
  return work().catch((error) => {
    if (!isDatabaseAway(error)) throw error;
    const { host } = new URL(settings.platformDatabaseUrl);
    throw new Error(`PostgreSQL at ${host} does not answer. ${next(false)}`, { cause: error });
  });
}

const next = (isDown: boolean) =>
  isDown ? "Bring the environment up: bin/berth up" : "What is wrong, and what mends it: bin/berth doctor";
