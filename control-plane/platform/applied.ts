import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { containerOf, containerParts } from "../part-names.ts";
import type { Settings } from "../settings.ts";
import { toolNames } from "../tool-names.ts";
import { writeWhole } from "../whole-file.ts";
import { containers, networks } from "./docker.ts";
import type { Run } from "./run.ts";

const applied = z.object({
  /** Of the inputs that the stack was last brought up with. */
  key: z.string(),
  /** Ids by name: a container's settings never change without its id. */
  containers: z.record(z.string(), z.string()),
  network: z.object({ name: z.string(), id: z.string() }),
});

const fileOf = (dataDir: string) => join(dataDir, "platform", "applied.json");

/** Notes what now stands, so that the next look needs no engine of Pulumi's. */
export async function noteApplied(run: Run, settings: Settings, key: string): Promise<void> {
  const { dataDir, env } = settings;
  const there = await containers(run, containerNames(settings));
  const network = (await networks(run)).find((one) => one.name === `berth-${env}-tenants`);
  if (!network) throw new Error(`The network berth-${env}-tenants is not there although it was just made.`);
  const ids = Object.fromEntries(there.map((one) => [one.name, one.id]));
  const note = { key, containers: ids, network: { name: network.name, id: network.id } };
  await writeWhole(fileOf(dataDir), JSON.stringify(note, null, 2));
}

/** True when exactly what was noted for these inputs is there and runs. */
export async function stillApplied(run: Run, settings: Settings, key: string): Promise<boolean> {
  const text = await readFile(fileOf(settings.dataDir), "utf8").catch(() => undefined);
  const note = text === undefined ? undefined : applied.safeParse(JSON.parse(text)).data;
  if (note?.key !== key) return false;
  const [there, all] = await Promise.all([containers(run, everyContainerName(settings.env)), networks(run)]);
  const fits = (name: string) => there.some((one) => one.id === note.containers[name] && one.running);
  const wanted = containerNames(settings);
  const isWanted = (one: { name: string }) => wanted.includes(one.name);
  return wanted.every(fits) && there.every(isWanted) && all.some((one) => one.id === note.network.id);
}

/** Names of the containers that an environment's platform should have. */
export function containerNames({ env, tools }: Pick<Settings, "env" | "tools">): string[] {
  return containerParts({ tools }).map((part) => containerOf(env, part));
}

/** The same with every tool: names of all containers that can be a platform's, and no tenant's. */
export function everyContainerName(env: string): string[] {
  return containerNames({ env, tools: [...toolNames] });
}
