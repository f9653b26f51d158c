import { type Cell, checkAbilities, checkConnections } from "../platform/rights/check-rights.ts";
import type { Settings } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";
import { askingDatabase, mustHaveDatabase } from "./must-have-database.ts";
import type { Say } from "./say.ts";
import { table } from "./table.ts";

/**
 * Tries every login of the control plane against every database, and what the services' may do in their own. Keeps nothing of it.
 * @returns whether everything is allowed that must be, and nothing else
 */
export async function dbTest(args: CommandLine & { settings: Settings }): Promise<boolean> {
  const { settings, say } = args;
  await mustHaveDatabase(args);
  const [connections, abilities] = await askingDatabase(settings, async () => [
    await checkConnections(settings),
    await checkAbilities(settings),
  ]);
  print(say, "gets into", connections);
  print(say, "in its own database", abilities);
  const all = [...connections, ...abilities];
  const wrong = all.filter(({ isRight }) => !isRight);
  for (const cell of wrong) say.line(`WRONG: ${cell.wrong}`);
  say.line(
    wrong.length === 0
      ? `All ${all.length} are as they must be.`
      : `${wrong.length} of ${all.length} are not as they must be. bin/berth start puts logins and their databases right; what was granted on tables is taken back with revoke, in: bin/berth shell postgres`,
  );
  return wrong.length === 0;
}

/** A row for each login, a column for each thing that was tried; what is not right is in capitals. */
function print(say: Say, title: string, cells: Cell[]): void {
  const columns = [...new Set(cells.map(({ what }) => what))];
  const rows = [...new Set(cells.map(({ login }) => login))].map((login) => [
    login,
    ...columns.map((what) => {
      const cell = cells.find((one) => one.login === login && one.what === what);
      if (!cell) return "-";
      return cell.isRight ? cell.found : `WRONG: ${cell.found.toUpperCase()}`;
    }),
  ]);
  for (const line of table([title, ...columns], rows)) say.line(line);
  say.line("");
}
