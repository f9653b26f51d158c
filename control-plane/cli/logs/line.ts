import { masked } from "../../observability/mask.ts";
import { type Level, levels } from "./levels.ts";

/** One line of a log, whoever wrote it. */
export interface LogLine {
  /** Milliseconds since 1970. */
  time: number;
  level: Level;
  /** Who wrote it: a process of ours, a part of the platform, or a tenant's container. */
  part: string;
  /** Which of the services, where three share a process. */
  service: string | undefined;
  msg: string;
  /** What else there is. */
  fields: Record<string, unknown>;
  /** It all as one line of JSON. */
  json: string;
}

const isLevel = (value: unknown): value is Level => levels.some((level) => level === value);

/** A line of one of our own logs; undefined for what is none, as a half line of a process that was killed. */
export function ownLine(json: string): LogLine | undefined {
  const all = parseObject(json);
  if (!all) return undefined;
  const { time, level, part, msg, service, env: _, pid: __, ...fields } = all;
  const at = Date.parse(`${time}`);
  if (Number.isNaN(at)) return undefined;
  return {
    time: at,
    level: isLevel(level) ? level : "info",
    part: `${part}`,
    service: typeof service === "string" ? service : undefined,
    msg: typeof msg === "string" ? msg : "",
    fields,
    json,
  };
}

/** A line as `docker logs --timestamps` gives it: the engine's time, then what the program wrote, JSON or not. */
export function containerLine(part: string, text: string): LogLine | undefined {
  const space = text.indexOf(" ");
  const at = Date.parse(text.slice(0, space));
  const said = masked(text.slice(space + 1)).trimEnd();
  if (Number.isNaN(at) || said === "") return undefined;
  const parsed = parseObject(said);
  const { level: theirs, time: _, msg, message, ...rest } = parsed ?? {};
  const level = parsed && theirs !== undefined ? levelOf(`${theirs}`) : levelOf(said);
  const text_ = [msg, message].find((one) => typeof one === "string");
  // Traefik's line about a request has no text of its own.
  const line = parsed ? ((text_ as string | undefined) ?? "request") : said;
  const time = new Date(at).toISOString();
  return {
    ...{ time: at, level, part, service: undefined, msg: line, fields: rest },
    json: JSON.stringify({ level, time, part, msg: line, ...rest }),
  };
}

/** What PostgreSQL, Redis, Traefik, Go's programs and Odoo call their levels. */
function levelOf(text: string): Level {
  if (/\b(panic|fatal|critical)\b/i.test(text)) return "fatal";
  if (/\berror\b/i.test(text)) return "error";
  if (/\bwarn(ing)?\b/i.test(text) || /^\d+:\w .* # /.test(text)) return "warn";
  return /\bdebug\b/i.test(text) ? "debug" : "info";
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
