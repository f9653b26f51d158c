import { dirname, join } from "node:path";

/** Where an engine has its data when it is told nothing else; monitoring/alerts is written for that. */
const usualRoot = "/var/lib/docker";

/** The rules with another engine's folder in place of the usual one, wherever they look for the disk of its volumes. */
export function withDiskOf(rules: string, engineRoot: string): string {
  return rules.replaceAll(readingOf(usualRoot), readingOf(engineRoot));
}

/** What is free on the disk of the engine's volumes: the nearest folder that a disk is mounted at. */
export function readingOf(engineRoot: string): string {
  const places = [join(engineRoot, "volumes")];
  for (let place = engineRoot; place !== dirname(place); place = dirname(place)) places.push(place);
  return [...places, "/"]
    .map((place) => `max by (job) (node_filesystem_avail_bytes{mountpoint="${place}"})`)
    .join("\n          or ");
}
