import { tagImage } from "../../toolchain/engine/images.ts";
import { createProgress } from "../../toolchain/progress.ts";
import { buildServices } from "../../toolchain/services/build.ts";
import { serviceImages } from "../../toolchain/services/parts.ts";
import { parseToolchainSettings } from "../../toolchain/settings.ts";
import { findPart, type PartName, partNames, partOf } from "../part-names.ts";
import { projectRoot } from "../paths.ts";
import type { Settings } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";
import { tools } from "./platform.ts";
import { createSay } from "./say.ts";

type Args = CommandLine & { settings: Settings };

/** Makes images and prints their names: of all services, of one, or of a part of the platform. */
export async function build(args: Args, name?: string): Promise<void> {
  const takes = partNames.filter((one) => one !== "provisioner");
  if (name === "provisioner")
    throw new Error(
      "The provisioner has no image: it runs as root from this folder (docs/decisions/0013-images-and-confinement.md).",
    );
  const part = name === undefined ? undefined : findPart("build", name, takes);
  if (part !== undefined && partOf(part).runs === "container") return partImage(args, part);
  const service = part && partOf(part).service;
  const settings = parseToolchainSettings(args.env);
  const progress = createProgress({
    write: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
  });
  const services = serviceImages.filter((one) => service === undefined || one === service);
  const images = await buildServices({ ...settings, project: projectRoot, services, progress });
  for (const { ref, made } of images) {
    // Only who asks for images says which is the newest: tests make theirs as well.
    await tagImage(settings.engine, ref, ref.slice(0, ref.lastIndexOf("-")));
    args.say.line(`${ref}${made ? "" : "  (was there)"}`);
  }
}

/** They are made, or taken from their vendor, with the toolchain: what is there is only checked. */
async function partImage(args: Args, part: PartName): Promise<void> {
  const aside = createSay((text) => process.stderr.write(text));
  const { images } = await tools({ ...args, say: aside });
  const image = Object.entries(images).find(([name]) => name === part)?.[1];
  if (!image) throw new Error(`The toolchain has no image of "${part}" on this machine.`);
  args.say.line(image.ref);
}
