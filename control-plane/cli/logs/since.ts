const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment that a person names: so long ago (`90s`, `10m`, `2h`, `1d`), or a time (`2026-11-26T07:00:00Z`). */
export function sinceOf(text: string, now: number): Date {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const at = number ? now - Number(number) * units[unit as keyof typeof units] : Date.parse(text);
  if (!Number.isNaN(at)) return new Date(at);
  throw new Error(
    `--since ${text}: say how long ago, as 90s, 10m, 2h or 1d, or a time as 2026-11-26T07:00:00Z.`,
  );
}
