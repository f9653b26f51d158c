import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { importImage, inspectImage, saveImage } from "../engine/images.ts";
import { packed } from "../engine/packed.ts";
import type { Engine } from "../engine/request.ts";
import { findMirror } from "../make/mirror.ts";
import { mmdebstrap } from "../make/mmdebstrap.ts";
import { archiveName, packageLabel } from "../root-artifact.ts";
import { run } from "../run.ts";
import { contentKey, folderContent } from "../store/key.ts";
import type { Artifact, Way } from "../store/obtain.ts";

/** Debian's libraries that Node runs on, and the time zones. */
const recipe = { suite: "trixie", packages: ["libc6", "libstdc++6", "tzdata"] };

const asRoot = ["--numeric-owner", "--owner=0", "--group=0", "--sort=name"];

export interface ServiceRootOptions {
  engine: Engine;
  debianMirror?: string | undefined;
  /** Folder that this file's `root.sh` is in. */
  folder: string;
  logDir: string;
}

/** What the images of all services stand on, kept as an archive: libraries, and nothing that could be run. */
export function serviceRoot(options: ServiceRootOptions): Artifact & { build: Way } {
  const { engine, folder, logDir } = options;
  const script = folderContent(folder).find(([name]) => name === "root.sh");
  const key = () => contentKey([recipe, script, process.arch]);
  const build: Way = {
    version: recipe.suite,
    key,
    async make(dir, step) {
      const ref = `berth/service-root:${key()}`;
      const log = join(logDir, "image-service.log");
      const work = join(dir, ".work");
      const [tmp, extracted, root] = ["tmp", "extracted", "root"].map((name) => join(work, name)) as [
        string,
        string,
        string,
      ];
      await mkdir(tmp, { recursive: true });
      const mirror = await findMirror(options.debianMirror);
      const args = [
        "--variant=extract",
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=APT::Install-Recommends "false"',
        ...mirror.options.map((line) => `--aptopt=${line.replace(/;$/, "")}`),
        `--include=${recipe.packages.join(",")}`,
        recipe.suite,
        extracted,
        `deb ${mirror.url} ${recipe.suite} main`,
      ];
      await mmdebstrap(args, {
        what: `Debian ${recipe.suite}: ${recipe.packages.join(", ")}`,
        tmp,
        log,
        step,
      });
      const versions = await run(join(folder, "root.sh"), [extracted, root], { log });
      if (!(await inspectImage(engine, ref)))
        await packed(root, asRoot, (tar) => importImage(engine, ref, tar));
      await saveImage(engine, ref, join(dir, archiveName), step);
      await rm(work, { recursive: true });
      const packages = versions.map((line) => line.split(" ") as [string, string]);
      return { ref, ...Object.fromEntries(packages.map(([name, is]) => [packageLabel + name, is])) };
    },
  };
  return { name: "root-service", build };
}
