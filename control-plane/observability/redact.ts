import { loggableError } from "./loggable-error.ts";

/** Stands where something was that is not for the log. */
export const censor = "[redacted]";

const deepest = 12;
/** Without its hyphens and underscores: `x-api-key`, `dbPassword`, `Set-Cookie`, `client_secret`, `adminPasswordHash`. */
const secretName =
  /(?:password|passwordhash|passphrase|passwd|secret|token|authorization|cookie|apikey|privatekey|credential|backupcode)s?$/i;

const known = new Map<string, boolean>();
const mostKnown = 10_000;

/** Whether what has this name is a secret, or holds one. */
export function isSecretName(name: string): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const is = secretName.test(name.replaceAll(/[-_\s]/g, ""));
  if (known.size < mostKnown) known.set(name, is);
  return is;
}

/** That there is a secret, or that there is none, is none. */
export function isShown(value: unknown): boolean {
  return value === null || value === undefined || typeof value === "boolean";
}

/**
 * What is logged, as a copy without anything that has a secret's name, however deep it is. Errors come with their causes, bytes
 * as their number; what leads back to itself ends there. Never throws.
 */
export function redacted(fields: Record<string, unknown>): Record<string, unknown> {
  return members(fields, [fields]);
}

function members(holder: object, within: object[]): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const name of Object.keys(holder)) {
    try {
      const value = (holder as Record<string, unknown>)[name];
      shown[name] = !isShown(value) && isSecretName(name) ? censor : shownOf(value, within);
    } catch (error) {
      shown[name] = `[unreadable: ${error instanceof Error ? error.message : "it threw"}]`;
    }
  }
  return shown;
}

function shownOf(value: unknown, within: object[]): unknown {
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? `${value}` : value;
  if (within.includes(value)) return "[circular]";
  if (within.length > deepest) return "[deep]";
  const inside = [...within, value];
  if (value instanceof Error) return members(loggableError(value), inside);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((one) => shownOf(one, inside));
  if (value instanceof Map) return members(Object.fromEntries(value), inside);
  if (value instanceof Set) return [...value].map((one) => shownOf(one, inside));
  if ("toJSON" in value && typeof value.toJSON === "function") return shownOf(value.toJSON(), inside);
  return members(value, inside);
}
