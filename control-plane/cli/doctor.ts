import { prepareBench } from "../doctor/bench.ts";
import { type Examined, examine, isWrong } from "../doctor/examine.ts";
import type { Settings } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";

/**
 * Looks at this machine and this environment, and says what is wrong, why it matters and what mends it. Changes nothing, and
 * works with nothing up.
 * @returns whether nothing is wrong; warnings are not
 */
export async function doctor(
  { settings, env, say }: CommandLine & { settings: Settings },
  options: { json?: boolean },
): Promise<boolean> {
  const examined = await examine(await prepareBench(settings, env));
  if (options.json) say.line(JSON.stringify(examined.map(forPrograms)));
  else for (const one of examined) for (const line of forPeople(one)) say.line(line);
  return !isWrong(examined);
}

function forPrograms({ name, verdict }: Examined) {
  if (Array.isArray(verdict)) return { check: name, status: worst(verdict), findings: verdict };
  return { check: name, status: "well" in verdict ? "well" : "unknown", detail: Object.values(verdict)[0] };
}

function worst(findings: Array<{ status: "wrong" | "warning" }>): "wrong" | "warning" {
  return findings.some(({ status }) => status === "wrong") ? "wrong" : "warning";
}

function forPeople({ name, verdict }: Examined): string[] {
  const title = (status: string) => `${status.padEnd(8)} ${name.padEnd(14)}`;
  if (!Array.isArray(verdict)) {
    if ("well" in verdict) return [`${title("well")} ${verdict.well}`];
    return [`${title("unseen")} because ${verdict.unknown}`];
  }
  const under = " ".repeat(24);
  return verdict.flatMap(({ status, what, why, mend }) => [
    `${title(status.toUpperCase())} ${what}`,
    `${under}why:  ${why}`,
    `${under}mend: ${mend}`,
  ]);
}
