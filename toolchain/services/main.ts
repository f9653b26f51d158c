import { dirname } from "node:path";
import { tagImage } from "../engine/images.ts";
import { ToolchainError } from "../errors.ts";
import { createProgress } from "../progress.ts";
import { parseToolchainSettings } from "../settings.ts";
import { buildServices } from "./build.ts";
import { serviceImages } from "./parts.ts";

/** `main.ts [user|tenant|instance]...`: makes these services' images, or all. Their names go to standard output. */
async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  const services = serviceImages.filter((name) => asked.length === 0 || asked.includes(name));
  const unknown = asked.find((name) => !services.some((one) => one === name));
  if (unknown !== undefined)
    throw new ToolchainError(`There is no image of "${unknown}": ${serviceImages.join(", ")}.`);
  const progress = createProgress({
    write: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
  });
  const project = dirname(dirname(import.meta.dirname));
  const settings = parseToolchainSettings(process.env);
  const images = await buildServices({ ...settings, project, services, progress });
  for (const { ref, made } of images) {
    // Only who asks for images says which is the newest: tests make theirs as well.
    await tagImage(settings.engine, ref, ref.slice(0, ref.lastIndexOf("-")));
    process.stdout.write(`${ref}${made ? "" : "  (was there)"}\n`);
  }
}

main().catch((error: unknown) => {
  const text = error instanceof ToolchainError ? error.message : error instanceof Error ? error.stack : error;
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
});
