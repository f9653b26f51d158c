import { z } from "zod";
import type { DockerApi } from "../../../../components/provider/docker.ts";
import { CommandError, type Run } from "../../../platform/run.ts";

/** Sizes of volumes, as they were measured last. */
export interface FileSizes {
  /** By name of volume. */
  bytes: ReadonlyMap<string, number>;
  /** Measures in the background what was not, or not for a while. Returns at once. */
  measure(volumes: string[]): void;
  /** Resolves when nothing is being measured. */
  done(): Promise<void>;
}

/** Milliseconds after which a volume is measured again. */
const everyMs = 300_000;
/** Seconds that one volume may take: a tenant with very many files is to hold up nobody else's. */
const mostSeconds = 20;

const volumesAnswer = z.object({
  Volumes: z.array(z.object({ Name: z.string(), Mountpoint: z.string() })).nullable(),
});

/**
 * Measures tenants' files where the engine keeps them, one volume after the other and behind all else that the machine
 * does. The engine's own `system df` would measure every volume and image at once.
 * @param onDone told of each round of measuring, with what went wrong: a volume that could not be measured keeps the size
 * that it had
 */
export function createFileSizes(options: {
  docker: DockerApi;
  run: Run;
  env: string;
  onDone: (errors: unknown[]) => void;
}): FileSizes {
  const { docker, run, env, onDone } = options;
  const bytes = new Map<string, number>();
  const triedAt = new Map<string, number>();
  let measuring: Promise<void> | undefined;

  const measureAll = async (due: string[]) => {
    const errors: unknown[] = [];
    const filters = encodeURIComponent(JSON.stringify({ label: [`berth.env=${env}`] }));
    const answer = volumesAnswer.parse((await docker.call("GET", `/volumes?filters=${filters}`))?.body);
    const mounts = new Map((answer.Volumes ?? []).map(({ Name, Mountpoint }) => [Name, Mountpoint]));
    for (const volume of due) {
      triedAt.set(volume, performance.now());
      const path = mounts.get(volume);
      if (path === undefined) continue;
      await diskUsage(run, path).then(
        (size) => bytes.set(volume, size),
        (error) => errors.push(error),
      );
    }
    return errors;
  };

  return {
    bytes,
    measure(volumes) {
      if (measuring) return;
      for (const known of triedAt.keys()) {
        if (volumes.includes(known)) continue;
        triedAt.delete(known);
        bytes.delete(known);
      }
      const isDue = (volume: string) =>
        performance.now() - (triedAt.get(volume) ?? Number.NEGATIVE_INFINITY) > everyMs;
      const due = volumes.filter(isDue);
      if (due.length === 0) return;
      measuring = measureAll(due)
        .catch((error) => [error])
        .then(onDone)
        .finally(() => {
          measuring = undefined;
        });
    },
    async done() {
      await measuring;
    },
  };
}

/** Bytes on the disk of a folder and all in it. Throws when that takes too long. */
async function diskUsage(run: Run, path: string): Promise<number> {
  const du = ["du", "--summarize", "--one-file-system", "--block-size=1", "--", path];
  const said = await run("timeout", [`${mostSeconds}`, "nice", "-n", "19", ...du]).catch((error) => {
    // It complains of a file that was removed meanwhile, and goes on.
    if (error instanceof CommandError && /^\d+\t/m.test(error.output)) return error.output;
    throw error;
  });
  const bytes = /^(\d+)\t/m.exec(said)?.[1];
  if (bytes === undefined) throw new Error(`The size of ${path} is not known: du said "${said.trim()}".`);
  return Number(bytes);
}
