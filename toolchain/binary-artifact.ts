import { chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BinaryName, BinaryRecipe } from "./binaries.ts";
import { NotAvailable, ToolchainError } from "./errors.ts";
import { goBuild, goToolchain, goVersion } from "./make/go-build.ts";
import type { Step } from "./progress.ts";
import { run } from "./run.ts";
import { download, downloadText } from "./sources/download.ts";
import type { Reach } from "./sources/reach.ts";
import type { Sources } from "./sources/sources.ts";
import { contentKey, folderContent } from "./store/key.ts";
import type { Artifact, Way } from "./store/obtain.ts";

export interface BinaryContext {
  sources: Sources;
  reach: Reach;
  /** Folder that recipes are in. */
  recipes: string;
  logDir: string;
}

/** A binary of the catalogue as something that can be downloaded or built. */
export function binaryArtifact(
  name: BinaryName,
  recipe: BinaryRecipe,
  context: BinaryContext,
): Artifact & { build: Way } {
  const needed = recipe.built.parts.map(({ binary }) => binary);
  const official = recipe.official && officialWay(recipe.official, needed, context);
  const contents = () => recipe.built.parts.map(({ folder }) => folderContent(join(context.recipes, folder)));
  const build: Way = {
    version: recipe.built.version,
    key: () => contentKey([recipe.built, contents(), goVersion, process.arch]),
    async make(dir, step) {
      for (const part of recipe.built.parts) {
        const work = join(dir, ".work");
        await mkdir(work);
        const log = join(context.logDir, `${name}.log`);
        await goBuild({
          recipe: part,
          recipes: context.recipes,
          work,
          out: join(dir, part.binary),
          log,
          step,
        });
        await rm(work, { recursive: true });
      }
      return { go: (await run("go", ["version"], { env: goToolchain })).join(" ") };
    },
  };
  return { name, official, build };
}

function officialWay(
  recipe: NonNullable<BinaryRecipe["official"]>,
  needed: string[],
  context: BinaryContext,
): Way {
  const { sources, reach } = context;
  return {
    version: recipe.version,
    key: () => contentKey([recipe.from, recipe.version, recipe.archive(arch()), recipe.folder]),
    async make(dir, step) {
      const file = recipe.archive(arch());
      const url = `${recipe.from === "pulumi" ? sources.pulumiReleases : sources.plugins}/${file}`;
      const expected =
        recipe.from === "pulumi" ? await publishedChecksum(recipe.version, file, context) : undefined;
      step.say(`downloading ${url}`);
      const archive = join(dir, ".archive");
      const sha256 = await download(url, archive, { reach, patience: sources, step });
      if (expected !== undefined && sha256 !== expected) {
        throw new NotAvailable(
          `${url} has the SHA-256 ${sha256}, and ${expected} is published for it: it is refused`,
        );
      }
      await unpack(archive, dir, recipe.folder, step);
      for (const binary of needed) await mustHold(dir, binary);
      if (needed.includes("pulumi")) await mustRun(join(dir, "pulumi"));
      return { url, sha256, checksum: expected === undefined ? "recorded, none published" : "as published" };
    },
  };
}

/** The vendor's own list of checksums, on another server than the archive. */
async function publishedChecksum(
  version: string,
  file: string,
  { sources, reach }: BinaryContext,
): Promise<string> {
  const url = `${sources.pulumiChecksums}/v${version}/pulumi-${version}-checksums.txt`;
  const text = await downloadText(url, { reach, patience: sources });
  const line = text.split("\n").find(
    (line) =>
      line
        .trim()
        .split(/\s+/)[1]
        ?.replace(/^[*.]?\/?/, "") === file,
  );
  if (line === undefined) throw new NotAvailable(`${url} has no checksum for ${file}`);
  return line.trim().split(/\s+/)[0]?.toLowerCase() ?? "";
}

async function unpack(archive: string, dir: string, folder: string, step: Step): Promise<void> {
  step.say("unpacking");
  const out = join(dir, ".unpacked");
  await mkdir(out);
  try {
    await run("tar", ["-xzf", archive, "-C", out, "--no-same-owner"]);
  } catch (error) {
    throw new NotAvailable(
      `the archive cannot be unpacked (${error instanceof Error ? error.message : error})`,
    );
  }
  for (const entry of await readdir(join(out, folder)))
    await rename(join(out, folder, entry), join(dir, entry));
  await rm(out, { recursive: true });
  await rm(archive);
}

async function mustHold(dir: string, binary: string): Promise<void> {
  try {
    await chmod(join(dir, binary), 0o755);
  } catch {
    throw new NotAvailable(`the archive holds no ${binary}`);
  }
}

async function mustRun(pulumi: string): Promise<void> {
  try {
    await run(pulumi, ["version"], { env: { PULUMI_SKIP_UPDATE_CHECK: "1" } });
  } catch (error) {
    throw new NotAvailable(
      `the vendor's pulumi does not run here (${error instanceof Error ? error.message : error})`,
    );
  }
}

function arch(): "x64" | "arm64" {
  if (process.arch === "x64" || process.arch === "arm64") return process.arch;
  throw new ToolchainError(`Pulumi has no release for ${process.arch}; x64 and arm64 are supported.`);
}
