/** Pulumi's marks on values that cross the plugin's wire. */
const signature = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Marks a value so that it enters the state as ciphertext. */
export function secret(value: unknown): unknown {
  return { [signature]: secretMark, value };
}

/** The value without secret marks, at any depth. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const record = value as Record<string, unknown>;
  if (record[signature] === secretMark) return plain(record.value);
  return Object.fromEntries(Object.entries(record).map(([key, inner]) => [key, plain(inner)]));
}

/** Whether a preview does not know all of it yet. */
export function hasUnknown(value: unknown): boolean {
  if (value === unknown) return true;
  if (value === null || typeof value !== "object") return false;
  return Object.values(value).some(hasUnknown);
}
