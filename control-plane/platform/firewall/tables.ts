import { existsSync } from "node:fs";
import { CommandError, type Run } from "../run.ts";
import type { Family } from "./rules.ts";

/** The filter table: every chain's rules, in order, as `iptables-save` prints them. */
export type Tables = Map<string, string[]>;

/** Reads the filter table of one family. */
export async function readTables(run: Run, family: Family): Promise<Tables> {
  const tables: Tables = new Map();
  for (const line of (await run(`${family}tables-save`, ["-t", "filter"])).split("\n")) {
    const chain = /^:(\S+) /.exec(line)?.[1];
    if (chain) tables.set(chain, []);
    const rule = /^-A (\S+) /.exec(line);
    if (rule?.[1]) tables.get(rule[1])?.push(line.trim());
  }
  return tables;
}

/** The families this machine speaks. */
export function families(): Family[] {
  return existsSync("/proc/net/if_inet6") ? ["ip", "ip6"] : ["ip"];
}

/** Docker and other environments change the same chains: what was read may be gone when it is to be taken out. */
const tries = 10;

/**
 * Changes the filter table, all or nothing; chains that are not named stay as they are.
 * @param linesFor gives what to apply to what is there now; called again when somebody else was quicker
 */
export async function change(
  run: Run,
  family: Family,
  linesFor: (tables: Tables) => string[],
): Promise<void> {
  for (let n = 1; ; n++) {
    const lines = linesFor(await readTables(run, family));
    if (lines.length === 0) return;
    const input = `${["*filter", ...lines, "COMMIT"].join("\n")}\n`;
    try {
      await run(`${family}tables-restore`, ["--noflush", "--wait", "10"], { input });
      return;
    } catch (error) {
      const isOvertaken =
        error instanceof CommandError && /No such file|does not exist|Bad rule/i.test(error.output);
      if (!isOvertaken || n === tries) throw error;
    }
  }
}
