import { type BinaryName, binaries } from "./binaries.ts";
import { type ImageName, images } from "./images.ts";
import type { Outcome } from "./setup.ts";
import type { Manifest } from "./store/manifest.ts";

/** What a person wants to know at the end: what is there, where it came from, and what it lacks. */
export function summary({ entries, leftOut }: Outcome, seconds: number): string {
  const made = entries.filter((entry) => entry.made).length;
  const lines = entries.flatMap(({ manifest }) => describe(manifest));
  const state = made === 0 ? "all was there" : `${made} of ${entries.length} made now`;
  return [`Toolchain ready in ${seconds.toFixed(1)} s, ${state}:`, ...lines, ...leftOut, ""].join("\n");
}

function describe(manifest: Manifest): string[] {
  const { name, version, source } = manifest;
  const lines = [`  ${name.padEnd(18)} ${version.padEnd(8)} ${origin(manifest)}`];
  const lacks = lacksOf(name);
  if (source === "built" && lacks !== undefined) lines.push(`${" ".repeat(30)}${lacks}`);
  return lines;
}

function origin({ source, facts }: Manifest): string {
  if (source === "official") return facts.url ?? facts["dev.berth.upstream"] ?? "the vendor's";
  const packages = Object.entries(facts)
    .filter(([key]) => key.startsWith("dev.berth.package."))
    .map(([key, what]) => `${key.slice("dev.berth.package.".length)} ${what.split(" ")[0]}`);
  return packages.length === 0 ? "built here" : `built here: ${packages.join(", ")}`;
}

function lacksOf(name: string): string | undefined {
  return name.startsWith("image-")
    ? images[name.slice("image-".length) as ImageName].builtLacks
    : binaries[name as BinaryName].builtLacks;
}
