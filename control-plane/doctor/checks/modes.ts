import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { dataPaths } from "../../paths.ts";
import type { Check } from "../finding.ts";

export const modes: Check = {
  name: "secrets",
  async look({ settings }) {
    const paths = dataPaths(settings.dataDir);
    // Of the files that containers get some hold a password: all are looked at, for another one comes with each tool.
    const folders = [paths.secrets, paths.services, paths.mail, paths.platform];
    const inside = await Promise.all(
      folders.map(async (folder) => {
        const entries = await readdir(folder, { recursive: true }).catch(() => []);
        return entries.map((name) => join(folder, name));
      }),
    );
    const all = [paths.dataDir, ...folders, ...inside.flat(), paths.pgpass];
    const seen = await Promise.all(all.map(async (path) => ({ path, mode: await modeOf(path) })));
    const there = seen.filter(({ mode }) => mode !== undefined);
    if (there.length === 0) return { unknown: "this environment was never brought up" };
    const open = there.filter(({ path, mode = 0 }) => (mode & mask(path, paths)) !== 0);
    if (open.length === 0) return { well: `${there.length} files and folders are their owners' alone` };
    return open.map(({ path, mode = 0 }) => ({
      status: "wrong" as const,
      what: `${path} may be read or changed by others (mode ${(mode & 0o777).toString(8)}).`,
      why: "It holds what opens all of Berth, or a part of it. Think of who may have read it.",
      mend: `chmod go-rwx ${path}`,
    }));
  },
};

/** Services have users of their own, who must get to what is theirs; nobody else does. */
function mask(path: string, { services, mail }: { services: string; mail: string }): number {
  return path.startsWith(services) || path.startsWith(mail) ? 0o006 : 0o077;
}

async function modeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mode;
}
