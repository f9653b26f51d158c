import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Tool, toolList } from "../control-plane/tool-names.ts";
import type { Engine } from "./engine/request.ts";
import { ToolchainError } from "./errors.ts";
import { toolsInOrder } from "./images.ts";
import { type Sources, vendorSources } from "./sources/sources.ts";

const base = z.url().transform((url) => url.replace(/\/$/, ""));
const seconds = z.coerce.number().positive().max(3600);

/** The toolchain's own settings; everything has a default. docs/reference/settings.md is made of this. */
export const variables = z.object({
  /** What is downloaded or built. Default: `~/.cache/berth`. */
  BERTH_CACHE_DIR: z.string().optional(),
  /** What people are to have beside what tenants need; the same as for `bin/berth start`. */
  BERTH_TOOLS: toolList.default([...toolsInOrder]),
  /** The Docker engine. */
  DOCKER_HOST: z.string().default("unix:///var/run/docker.sock"),
  /** `auto`: the vendor's when it can be reached, built otherwise. */
  BERTH_TOOLCHAIN_USE: z.enum(["auto", "official", "build"]).default(vendorSources.use),
  /** Where Pulumi's releases are downloaded. */
  BERTH_PULUMI_RELEASES: base.default(vendorSources.pulumiReleases),
  /** Where their checksums are. */
  BERTH_PULUMI_CHECKSUMS: base.default(vendorSources.pulumiChecksums),
  /** Where Pulumi's plugins are downloaded. */
  BERTH_PULUMI_PLUGINS: base.default(vendorSources.plugins),
  /** Put before the names of official images: a registry with a slash at its end. */
  BERTH_IMAGE_REGISTRY: z
    .string()
    .regex(/^$|\/$/, "must end in a slash")
    .default(vendorSources.registry),
  /** Seconds that a server may take to answer. */
  BERTH_ANSWER_SECONDS: seconds.default(vendorSources.answerWithinMs / 1000),
  /** Seconds that a download may stand still. */
  BERTH_STALL_SECONDS: seconds.default(vendorSources.stallMs / 1000),
  /** Debian's archive, when not the one of the machine's apt configuration. */
  BERTH_DEBIAN_MIRROR: base.optional(),
});

export interface ToolchainSettings {
  cacheDir: string;
  engine: Engine;
  sources: Sources;
  tools: Tool[];
}

/** Reads the settings; throws a {@link ToolchainError} that names every bad variable. */
export function parseToolchainSettings(env: Record<string, string | undefined>): ToolchainSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new ToolchainError(`Settings that cannot be used:\n  ${lines.join("\n  ")}`);
  }
  const { data } = parsed;
  return {
    cacheDir: data.BERTH_CACHE_DIR ?? join(homedir(), ".cache", "berth"),
    engine: { host: data.DOCKER_HOST },
    tools: data.BERTH_TOOLS,
    sources: {
      use: data.BERTH_TOOLCHAIN_USE,
      pulumiReleases: data.BERTH_PULUMI_RELEASES,
      pulumiChecksums: data.BERTH_PULUMI_CHECKSUMS,
      plugins: data.BERTH_PULUMI_PLUGINS,
      registry: data.BERTH_IMAGE_REGISTRY,
      answerWithinMs: data.BERTH_ANSWER_SECONDS * 1000,
      stallMs: data.BERTH_STALL_SECONDS * 1000,
      debianMirror: data.BERTH_DEBIAN_MIRROR,
    },
  };
}
