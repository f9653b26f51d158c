import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Step } from "../progress.ts";
import type { Mirror } from "./mirror.ts";
import { mmdebstrap } from "./mmdebstrap.ts";

/** A root file system made of Debian packages. */
export interface DebianRecipe {
  suite: string;
  packages: string[];
  /** Packages that are taken from another suite, and nothing else from there. */
  from?: { suite: string; packages: string[] };
  /** A package of another release that cannot live beside the others: `install FROM ROOT` moves it in. */
  apart?: { suite: string; package: string; install: string };
  /** Files put in: path under toolchain/, path in the image, mode. */
  files?: { from: string; to: string; mode: string }[];
  /** A script under toolchain/ that puts more in: `install ROOT`. Its network is this machine's. */
  install?: string;
  /** Shell commands, `$1` is the root: before packages are configured, and at the end. */
  before?: string[];
  after?: string[];
}

export interface RootOptions {
  recipe: DebianRecipe;
  /** Folder that `files` are relative to. */
  folder: string;
  mirror: Mirror;
  /** Working folder for scripts and the unpacked root; the caller removes it. */
  work: string;
  log: string;
  step: Step;
}

const slim = [
  "/usr/share/man/*",
  "/usr/share/doc/*",
  "/usr/share/locale/*",
  "/usr/share/info/*",
  "/usr/share/lintian/*",
];

/**
 * Builds the root file system and hands its tar to `take` as it comes.
 * Returns version and .deb digest of every package that the recipe names.
 */
export async function makeRoot(
  { recipe, folder, mirror, work, log, step }: RootOptions,
  take: (tar: NodeJS.ReadableStream) => Promise<void>,
): Promise<Record<string, string>> {
  const tmp = join(work, "tmp");
  await mkdir(tmp, { mode: 0o755 });
  const wanted = [...recipe.packages, ...(recipe.from?.packages ?? [])];
  const report = { script: join(work, "report.sh"), target: join(work, "packages") };
  await writeFile(report.script, reportScript(wanted, report.target), { mode: 0o755 });
  const pins = join(work, "pins");
  await writeFile(pins, pinning(recipe));
  const shared = [
    // Sid's index may be older than its own date of validity where a mirror is cached.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=APT::Install-Recommends "false"',
    ...mirror.options.map((line) => `--aptopt=${line.replace(/;$/, "")}`),
  ];
  const source = (suite: string) => `deb ${mirror.url} ${suite} main`;

  const apart = join(work, "apart");
  if (recipe.apart) {
    const { suite, package: name } = recipe.apart;
    const args = ["--variant=extract", ...shared, `--include=${name}`, suite, apart, source(suite)];
    await mmdebstrap(args, { what: `Debian ${suite}: ${name}`, tmp, log, step });
  }
  const hooks = [
    `--setup-hook=mkdir -p "$1/etc/apt/preferences.d" && cp "${pins}" "$1/etc/apt/preferences.d/berth"`,
    ...(recipe.before ?? []).map((command) => `--essential-hook=${command}`),
    ...(recipe.files ?? []).map(
      ({ from, to, mode }) => `--customize-hook=install -D -m ${mode} "${join(folder, from)}" "$1${to}"`,
    ),
    ...(recipe.apart ? [`--customize-hook="${join(folder, recipe.apart.install)}" "${apart}" "$1"`] : []),
    ...(recipe.install ? [`--customize-hook="${join(folder, recipe.install)}" "$1"`] : []),
    ...(recipe.after ?? []).map((command) => `--customize-hook=${command}`),
    `--customize-hook="${report.script}" "$1"`,
  ];
  const args = [
    "--variant=minbase",
    ...shared,
    ...slim.map((path) => `--dpkgopt=path-exclude=${path}`),
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    // A root that a power cut spoils is made again anyway.
    "--dpkgopt=force-unsafe-io",
    ...hooks,
    `--include=${wanted.join(",")}`,
    recipe.suite,
    "-",
    source(recipe.suite),
    ...(recipe.from ? [source(recipe.from.suite)] : []),
  ];
  const what = wanted.length > 3 ? `${wanted.slice(-3).join(", ")} ...` : wanted.join(", ");
  await mmdebstrap(args, { what: `Debian ${recipe.suite}: ${what}`, tmp, log, step, take });
  const lines = (await readFile(report.target, "utf8")).trim().split("\n");
  return Object.fromEntries(lines.map((line) => [line.split(" ", 1)[0], line.split(" ").slice(1).join(" ")]));
}

function pinning({ from }: DebianRecipe): string {
  if (from === undefined) return "";
  const pin = (packages: string, priority: number) =>
    `Package: ${packages}\nPin: release n=${from.suite}\nPin-Priority: ${priority}\n`;
  return [pin("*", -10), pin(from.packages.join(" "), 990)].join("\n");
}

/** The archive's own record says which .deb this was; it is gone once apt's lists are removed. */
function reportScript(packages: string[], target: string): string {
  return `#!/bin/sh
set -eu
for package in ${packages.join(" ")}; do
  version=$(chroot "$1" dpkg-query -W -f '\${Version}' "$package")
  digest=$(chroot "$1" apt-cache show "$package=$version" | sed -n 's/^SHA256: //p' | head -n 1)
  echo "$package $version sha256:$digest" >>"${target}"
done
`;
}
