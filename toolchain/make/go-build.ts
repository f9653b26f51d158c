import { cp } from "node:fs/promises";
import { join } from "node:path";
import { ToolchainError } from "../errors.ts";
import type { Step } from "../progress.ts";
import { CommandFailed, run } from "../run.ts";
import { type PageRecipe, pageBuild } from "./page-build.ts";

/** Every program is compiled with exactly this Go: the machine's own fetches it, checked as a module is. */
export const goVersion = "1.26.10";
export const goToolchain = { GOTOOLCHAIN: `go${goVersion}` };
/** The first Go that fetches another. */
const neededGo = "1.21";

export interface GoRecipe {
  /** Folder under toolchain/ with go.mod and go.sum. */
  folder: string;
  /** Package to build: `.` or an import path of a required module. */
  target: string;
  /** Name of the binary. */
  binary: string;
  ldflags?: string;
  /** Build tag by which upstream leaves out what we do not need. */
  tag?: string;
  /** Source of a module that is copied in first, because upstream keeps what we need internal, or brings what we do not. */
  vendored?: { module: string; sum: string; to: string; overlay: { from: string; to: string } };
  /** A web page that is made of npm packages first, by a script of Node's. */
  page?: PageRecipe;
  /** Folder of the module to build in. Default: the recipe's own. */
  module?: string;
}

export interface GoBuildOptions {
  recipe: GoRecipe;
  /** Folder that recipes are in. */
  recipes: string;
  /** Where to work; the caller removes it. */
  work: string;
  /** Path of the binary to write. */
  out: string;
  log: string;
  step: Step;
}

/** Builds one static Go binary from a recipe; modules are checked against its go.sum. */
export async function goBuild({ recipe, recipes, work, out, log, step }: GoBuildOptions): Promise<void> {
  await cp(`${recipes}/${recipe.folder}`, work, { recursive: true });
  if (recipe.vendored) await vendor(recipe.vendored, work, log, step);
  if (recipe.page) await pageBuild({ recipe: recipe.page, work, log, step });
  const cwd = join(work, recipe.module ?? ".");
  step.say(`fetching the Go modules of ${recipe.binary}`);
  let fetched = 0;
  const onFetch = (line: string) => {
    if (line.startsWith("go: downloading")) step.far(++fetched, undefined, "modules");
  };
  const tags = recipe.tag === undefined ? [] : [`-tags=${recipe.tag}`];
  const packages = await go(["list", "-deps", ...tags, recipe.target], cwd, log, onFetch);
  step.say(`compiling ${recipe.binary}`);
  let compiled = 0;
  const onLine = () => step.far(++compiled, packages.length, "packages at most");
  const flags = [...tags, "-buildvcs=false", "-ldflags", `-s -w ${recipe.ldflags ?? ""}`.trim()];
  await go(["build", "-v", ...flags, "-o", out, recipe.target], cwd, log, onLine);
}

async function go(
  args: string[],
  cwd: string,
  log: string,
  onLine: (line: string) => void,
): Promise<string[]> {
  // Without cgo the binary needs nothing of the machine, and the build no C compiler.
  const env = { ...goToolchain, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" };
  try {
    return await run("go", args, { cwd, env, log, onLine });
  } catch (error) {
    throw error instanceof CommandFailed ? explained(error) : error;
  }
}

function explained(error: CommandFailed): ToolchainError {
  const text = error.last.join("\n");
  const install = `install Go ${neededGo} or newer, which fetches Go ${goVersion} by itself`;
  if (/env: .*go.*No such file/.test(text)) {
    return new ToolchainError(
      `Go is not installed, and without the vendor's downloads it is needed: ${install}.`,
    );
  }
  // A Go that cannot fetch another does not even read a version of three numbers.
  if (/invalid go version '[\d.]+': must match format/.test(text))
    return new ToolchainError(`This machine's Go is too old: ${install}.`);
  const refused = new RegExp(`go: download go${goVersion.replaceAll(".", "\\.")}[ :].*`).exec(text);
  if (refused) {
    return new ToolchainError(
      `This machine's Go cannot fetch Go ${goVersion}, which everything is compiled with ("${refused[0]}"): let it reach its module proxy, or install Go ${goVersion}.`,
    );
  }
  return error;
}

async function vendor(
  { module, sum, to, overlay }: NonNullable<GoRecipe["vendored"]>,
  work: string,
  log: string,
  step: Step,
): Promise<void> {
  step.say(`fetching ${module}`);
  const answer = JSON.parse((await go(["mod", "download", "-json", module], work, log, () => {})).join("\n"));
  const { Dir, Sum } = answer as { Dir: string; Sum: string };
  if (Sum !== sum)
    throw new ToolchainError(`${module} has the checksum ${Sum}, not ${sum}: it is not built.`);
  await cp(Dir, `${work}/${to}`, { recursive: true });
  await run("chmod", ["-R", "u+w", `${work}/${to}`]);
  await cp(`${work}/${overlay.from}`, `${work}/${to}/${overlay.to}`, { recursive: true });
}
