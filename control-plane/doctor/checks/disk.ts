import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Check, Finding } from "../finding.ts";

const gib = 2 ** 30;
/** Below the first nothing is left for a day's work; below the second PostgreSQL may stop taking writes any moment. */
const low = 5 * gib;
const lowest = gib;

export const disk: Check = {
  name: "disk",
  async look({ settings, engine, run }) {
    const root =
      "version" in engine
        ? (await run("docker", ["info", "--format", "{{.DockerRootDir}}"]).catch(() => "")).trim()
        : "";
    const places = [
      { what: "the data folder", path: settings.dataDir },
      { what: "the cache", path: settings.cacheDir },
      // An engine of another machine has its disk there.
      ...(root && existsSync(root) ? [{ what: "the Docker engine, with all databases", path: root }] : []),
    ];
    const seen = await Promise.all(
      places.map(async (place) => ({ ...place, free: await freeAt(place.path) })),
    );
    const found = seen.flatMap(({ what, path, free }): Finding[] =>
      free >= low
        ? []
        : [
            {
              status: free < lowest ? "wrong" : "warning",
              what: `The disk of ${what} (${path}) has ${(free / gib).toFixed(1)} GB left.`,
              why: "When it is full PostgreSQL takes no writes, and no tenant can be made.",
              // What runs is run from the cache.
              mend: `Make room: docker system df shows what images and volumes take. Of the cache only fuzz and security may go: rm -rf ${settings.cacheDir}/{fuzz,security}`,
            },
          ],
    );
    if (found.length > 0) return found;
    return { well: seen.map(({ what, free }) => `${what} has ${Math.round(free / gib)} GB`).join(", ") };
  },
};

async function freeAt(path: string): Promise<number> {
  const there = existsSync(path) ? path : dirname(path);
  if (there !== path) return freeAt(there);
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
