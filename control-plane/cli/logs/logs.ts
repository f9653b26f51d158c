import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { findPart, partNames } from "../../part-names.ts";
import { onServer } from "../../platform/databases.ts";
import { createRun } from "../../platform/run.ts";
import { type Settings, withoutSecrets } from "../../settings.ts";
import type { CommandLine } from "../command-line.ts";
import { createSay } from "../say.ts";
import { follow } from "./follow.ts";
import { type Level, levels } from "./levels.ts";
import type { LogLine } from "./line.ts";
import { merge } from "./merge.ts";
import { render } from "./render.ts";
import { sinceOf } from "./since.ts";
import { everySource, sourcesOf } from "./sources.ts";

export interface LogOptions {
  follow?: boolean;
  since?: string;
  /** Id or slug. */
  tenant?: string;
  operation?: string;
  request?: string;
  /** This and worse. */
  level?: Level;
  json?: boolean;
}

/** How far back is looked when nothing else is said: who names an operation wants all of it. */
const usually = "1h";

/**
 * Prints what all parts of the environment have written, or one of them, as one stream in the order of time.
 * Works with nothing up: what was written is still there.
 */
export async function logs(
  { settings, env }: CommandLine & { settings: Settings },
  name: string | undefined,
  options: LogOptions,
): Promise<void> {
  const part = name === undefined ? undefined : findPart("show", name, partNames);
  const aside = (text: string) => createSay((said) => process.stderr.write(said)).line(text);
  const tenants = options.tenant === undefined ? [] : await idsOf(settings, options.tenant);
  const where = { settings, env: withoutSecrets(env), run: createRun(withoutSecrets(env)), aside };
  const sources = part ? await sourcesOf(where, part) : await everySource(where, tenants);
  const isAbout = [options.tenant, options.operation, options.request].some((one) => one !== undefined);
  const since = sinceOf(options.since ?? (isAbout ? "36500d" : usually), Date.now());
  const wanted = wantedBy(options, tenants);
  const isTerminal = process.stdout.isTTY === true;
  const text = (line: LogLine) =>
    options.json || !isTerminal ? `${line.json}\n` : render(line, !env.NO_COLOR);
  const asked = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => asked.abort());
  const lines = async function* () {
    const shown = (line: LogLine) => line.time >= since.getTime() && wanted(line);
    for await (const line of merge(sources.map((source) => source.past(since)))) {
      if (asked.signal.aborted) return;
      if (shown(line)) yield text(line);
    }
    if (options.follow)
      for await (const line of follow(sources, asked.signal)) if (shown(line)) yield text(line);
  };
  await pipeline(Readable.from(lines()), process.stdout, { end: false });
}

function wantedBy(options: LogOptions, tenants: string[]): (line: LogLine) => boolean {
  const lowest = levels.indexOf(options.level ?? "trace");
  // By the whole text: Traefik and PostgreSQL name them in words of their own.
  const about = [options.operation, options.request].filter((one) => one !== undefined);
  return (line) =>
    levels.indexOf(line.level) >= lowest &&
    about.every((id) => line.json.includes(id)) &&
    (options.tenant === undefined || tenants.some((id) => line.json.includes(id)));
}

/** Ids of a tenant: those that had its slug before are meant as well, for their lines are still there. */
async function idsOf(settings: Settings, tenant: string): Promise<string[]> {
  if (/^ten_/.test(tenant)) return [tenant];
  const server = new URL(settings.platformDatabaseUrl);
  const found = await onServer(
    settings,
    server,
    (client) => client.query<{ id: string }>("select tenant_id as id from stacks where slug = $1", [tenant]),
    "instance",
  ).catch((cause: Error) => {
    throw new Error(
      `Which tenant "${tenant}" is could not be looked up: ${cause.message}. Name it by its id, ten_...`,
      { cause },
    );
  });
  if (found.rows.length === 0)
    throw new Error(`There is no tenant "${tenant}". bin/berth stacks lists them.`);
  return found.rows.map(({ id }) => id);
}
