import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { importImage, inspectImage, loadImage, removeTag, saveImage } from "./engine/images.ts";
import type { Engine } from "./engine/request.ts";
import { ToolchainError } from "./errors.ts";
import type { BuiltRecipe, ImageBinary, ImageName } from "./images.ts";
import { binaryImage } from "./make/binary-image.ts";
import { makeRoot } from "./make/debian.ts";
import { layerImage } from "./make/image.ts";
import { findMirror } from "./make/mirror.ts";
import type { Step } from "./progress.ts";
import { run } from "./run.ts";
import { contentKey, folderContent } from "./store/key.ts";
import type { Artifact, Entry, Way } from "./store/obtain.ts";

export interface RootContext {
  engine: Engine;
  debianMirror?: string;
  /** Folder that recipes' files and layers are in. */
  recipes: string;
  logDir: string;
  /** The other artefact that an image may be made from. */
  binary(name: ImageBinary): { key(): string; obtain(): Promise<Entry> };
}

export const archiveName = "image.tar.gz";
/** Facts and labels with the version and .deb digest of each package begin so. */
export const packageLabel = "dev.berth.package.";

/** What a built image stands on, kept as an archive: the part that takes minutes. */
export function rootArtifact(
  name: ImageName,
  { built, config, root = name, version }: BuiltRecipe,
  context: RootContext,
): Artifact & { build: Way } {
  const content = built.how === "debian" ? built.debian : built;
  const key = () => contentKey([content, config, ownFiles(built, context), process.arch]);
  const build: Way = {
    version,
    key,
    async make(dir, step) {
      const { engine } = context;
      const ref = `berth/${root}-root:${key()}`;
      const image =
        (await inspectImage(engine, ref)) ??
        (await makeImage(ref, root, { built, config }, context, dir, step));
      await saveImage(engine, ref, join(dir, archiveName), step);
      const packages = Object.entries(image.labels).filter(([label]) => label.startsWith(packageLabel));
      return { ref, id: image.id, ...Object.fromEntries(packages) };
    },
  };
  return { name: `root-${root}`, build };
}

/** Makes sure that an engine has a root; returns its name. */
export async function ensureRoot(engine: Engine, entry: Entry, step: Step): Promise<string> {
  const ref = entry.manifest.facts.ref ?? "";
  if (await inspectImage(engine, ref)) return ref;
  await loadImage(engine, join(entry.dir, archiveName), step);
  if (await inspectImage(engine, ref)) return ref;
  throw new ToolchainError(`${ref} is not in the engine at ${engine.host} although its archive was loaded.`);
}

async function makeImage(
  ref: string,
  name: string,
  { built, config }: Pick<BuiltRecipe, "built" | "config">,
  context: RootContext,
  dir: string,
  step: Step,
) {
  const { engine, recipes: folder } = context;
  const bare = `${ref}-bare`;
  const work = join(dir, ".work");
  await mkdir(work);
  let labels: Record<string, string> = {};
  if (built.how === "debian") {
    const mirror = await findMirror(context.debianMirror);
    const log = join(context.logDir, `image-${name}.log`);
    const packages = await makeRoot({ recipe: built.debian, folder, mirror, work, log, step }, (tar) =>
      importImage(engine, bare, tar),
    );
    labels = Object.fromEntries(
      Object.entries(packages).map(([label, what]) => [packageLabel + label, what]),
    );
  } else {
    step.waitFor(built.artifact);
    const binary = await context.binary(built.artifact).obtain();
    const file = join(binary.dir, built.binary);
    await binaryImage(engine, bare, { file, to: built.to }, join(work, "root"), step);
  }
  await layerImage({ engine, ref, base: bare, layer: config, labels, dir: work, step });
  await removeTag(engine, bare);
  await run("rm", ["-rf", "--one-file-system", work]);
  const image = await inspectImage(engine, ref);
  if (image === undefined)
    throw new ToolchainError(`The engine at ${engine.host} has lost ${ref} just made.`);
  return image;
}

/** What a root is made from, beside the recipe itself. */
function ownFiles(built: BuiltRecipe["built"], context: RootContext): unknown {
  if (built.how !== "debian") return context.binary(built.artifact).key();
  const { files = [], apart, install } = built.debian;
  const scripts = [apart?.install, install].filter((script) => script !== undefined);
  const paths = [...files.map(({ from }) => from), ...scripts];
  const folders = new Set(paths.map((path) => path.slice(0, path.indexOf("/"))));
  if (folders.has("")) throw new ToolchainError("A recipe's file must be in a folder of its own.");
  return [...folders].map((folder) => folderContent(join(context.recipes, folder)));
}
