import { type ImageName, images } from "../../../toolchain/images.ts";
import { missingArtifacts } from "../../../toolchain/missing.ts";
import { parseToolchainSettings } from "../../../toolchain/settings.ts";
import { containerParts } from "../../part-names.ts";
import type { Check } from "../finding.ts";

export const toolchain: Check = {
  name: "toolchain",
  async look({ env, settings, engine }) {
    if ("away" in engine) return { unknown: "the engine, which has the images, does not answer" };
    // Grafana's image may be one that cannot be had.
    const parts: string[] = ["odoo", ...containerParts(settings)].filter((name) => name !== "grafana");
    const wanted = (Object.keys(images) as ImageName[]).filter((name) => parts.includes(name));
    const toolchainSettings = { ...parseToolchainSettings(env), cacheDir: settings.cacheDir };
    const missing = await missingArtifacts(toolchainSettings, wanted);
    if (missing.length === 0) return { well: "Pulumi, its plugins and the images are there" };
    return [
      {
        status: "wrong",
        what: `Of what Berth runs there is not in the cache, or not in the engine: ${missing.join(", ")}.`,
        why: "The next start has to download or build it first, which may take minutes.",
        mend: "bin/setup",
      },
    ];
  },
};
