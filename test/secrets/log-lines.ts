import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Run } from "./run.ts";

export interface Line {
  file: string;
  level: string;
  time: string;
  part: string;
  msg: string;
  service?: string;
  requestId?: string;
  operationId?: string;
  tenant?: string;
  job?: string;
  worker?: string;
  output?: string;
  [field: string]: unknown;
}

/** Every line of every log file; those that are none of a log come apart. */
export async function readLogs({ paths }: Run): Promise<{ lines: Line[]; wrong: string[] }> {
  const lines: Line[] = [];
  const wrong: string[] = [];
  for (const file of await readdir(paths.log)) {
    for (const text of (await readFile(join(paths.log, file), "utf8")).split("\n").slice(0, -1)) {
      const line = parse(text);
      if (line) lines.push({ ...line, file });
      else wrong.push(`${file}: ${text.slice(0, 300)}`);
    }
  }
  return { lines, wrong };
}

function parse(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Record<string, unknown>;
    const isText = (name: string) => typeof line[name] === "string" && line[name] !== "";
    const isWhole =
      ["level", "time", "part", "msg"].every(isText) && !Number.isNaN(Date.parse(`${line.time}`));
    return isWhole ? (line as unknown as Line) : undefined;
  } catch {
    return undefined;
  }
}

/** Which part of the control plane has written it; services in one process are told apart by their name. */
export function writerOf({ part, service, worker }: Line): string {
  if (worker !== undefined) return "worker";
  return service ?? part;
}

/** What services say of themselves and not of a request. */
export const ofNoRequest =
  /^(the services answer|stopping|an idle database connection broke|not listening to the database|Redis |PostgreSQL is away|the instance service's feed cannot be followed|the outbox cannot be read)/;
