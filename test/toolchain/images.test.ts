import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { inspectImage } from "../../toolchain/engine/images.ts";
import { ensurePresent } from "../../toolchain/ensure-present.ts";
import { imageSource } from "../../toolchain/image-artifact.ts";
import type { ImageRecipe } from "../../toolchain/images.ts";
import { createReach } from "../../toolchain/sources/reach.ts";
import { vendorSources } from "../../toolchain/sources/sources.ts";
import { obtain, type Use } from "../../toolchain/store/obtain.ts";
import { engine, removeImagesAfter, runImage } from "./support/images.ts";
import { type Registry, startRegistry } from "./support/registry.ts";
import { archive, openWorkshop, type Workshop } from "./support/workshop.ts";

const arch = process.arch === "x64" ? "amd64" : process.arch;

/** A static program that prints a word: as small as an image can be. */
function program(word: string): string {
  const shop = openWorkshop();
  writeFileSync(join(shop.dir, "go.mod"), "module tiny\n\ngo 1.21\n");
  writeFileSync(
    join(shop.dir, "main.go"),
    `package main\n\nimport "os"\n\nfunc main() { os.Stdout.WriteString("${word}") }\n`,
  );
  execFileSync("go", ["build", "-buildvcs=false", "-ldflags", "-s -w", "-o", "tiny", "."], {
    cwd: shop.dir,
    env: { ...process.env, CGO_ENABLED: "0", GOARCH: arch },
  });
  return join(shop.dir, "tiny");
}

const recipe: ImageRecipe = {
  version: "t-toolchain",
  upstream: "tiny:1",
  built: { how: "binary", artifact: "traefik", binary: "tiny", to: "/tiny" },
  config: ['ENTRYPOINT ["/tiny"]'],
  layer: "layer",
};

/** The choosing of one image between a registry stand-in and a build. */
async function toolchain(registry: Registry) {
  onTestFinished(() => registry.close());
  removeImagesAfter("berth/redis:t-toolchain", registry.prefix);
  const shop = openWorkshop();
  const recipes = join(shop.dir, "recipes");
  mkdirSync(join(recipes, "layer"), { recursive: true });
  writeFileSync(join(recipes, "layer", "Dockerfile"), "ARG BASE\nFROM $BASE\nCOPY mark /mark\n");
  writeFileSync(join(recipes, "layer", "mark"), "ours");
  const built = join(shop.dir, "built");
  mkdirSync(built);
  execFileSync("cp", [program("built"), join(built, "tiny")]);
  chmodSync(join(built, "tiny"), 0o755);
  const entry = {
    dir: built,
    made: false,
    manifest: {
      name: "tiny",
      key: "k",
      source: "built" as const,
      version: "1",
      facts: {},
      madeAt: "",
      files: {},
    },
  };
  const sources = { ...vendorSources, registry: registry.prefix, answerWithinMs: 1_000, stallMs: 1_000 };
  const source = imageSource("redis", recipe, {
    engine,
    sources,
    reach: createReach(1_000),
    recipes,
    logDir: shop.dir,
    binary: () => ({ key: () => `t-toolchain-${process.pid}`, obtain: async () => entry }),
    obtain: (artifact) => obtain(artifact, { ...shop, use: "auto" }),
  });
  const get = async (use: Use = "auto") => {
    const entry = await obtain(source.artifact, { ...shop, use });
    if (entry.manifest.source === "built") removeImagesAfter(rootOf(shop));
    return entry;
  };
  return { get, shop, source };
}

test("the official image is used when the registry has it, with our layer on it", async () => {
  const official = archive({ tiny: "" }, false);
  const registry = await startRegistry("tiny:1", official);
  const { get } = await toolchain(registry);
  const { manifest } = await get();
  expect(manifest.source).toBe("official");
  expect(manifest.facts.upstream).toMatch(/tiny@sha256:/);
  const image = await inspectImage(engine, manifest.facts.ref ?? "");
  expect(image?.id).toBe(manifest.facts.id);
  expect(image?.labels["dev.berth.upstream"]).toBe(manifest.facts.upstream);
  expect(registry.asked.some((path) => path.includes("/blobs/"))).toBe(true);
});

test("an image that the registry does not have is built", async () => {
  const { get, shop } = await toolchain(await startRegistry("other:1", archive({ a: "" }, false)));
  const { manifest } = await get();
  expect(manifest.source).toBe("built");
  expect(runImage(manifest.facts.ref ?? "")).toBe("built");
  expect(shop.lines.join("\n")).toContain("cannot be pulled");
});

test("a registry that says nothing is waited for shortly, then the image is built", async () => {
  const { get, shop } = await toolchain(await startRegistry("tiny:1", undefined));
  expect((await get()).manifest.source).toBe("built");
  expect(shop.lines.join("\n")).toContain("said nothing for 1 s");
});

/** The name of the image that a built one stands on, as the cache has it. */
function rootOf({ cacheDir }: Workshop): string {
  const folder = readdirSync(join(cacheDir, "artifacts")).find((name) => name.startsWith("root-redis-"));
  const manifest = readFileSync(join(cacheDir, "artifacts", folder ?? "", "manifest.json"), "utf8");
  return JSON.parse(manifest).facts.ref;
}

const remove = (...refs: string[]) => execFileSync("docker", ["image", "rm", "--force", ...refs]);

test("a built image lost from the engine comes back from the cache, without a build", async () => {
  const { get, shop, source } = await toolchain(await startRegistry("other:1", archive({ a: "" }, false)));
  const entry = await get("build");
  const { ref = "" } = entry.manifest.facts;
  remove(ref, rootOf(shop));
  expect(await inspectImage(engine, ref)).toBeUndefined();
  const present = await ensurePresent(engine, source, entry, shop);
  expect(present.ref).toBe(ref);
  expect(runImage(ref)).toBe("built");
  expect(shop.lines.join("\n")).toContain("loading the image from the cache");
  const before = shop.lines.length;
  expect(await ensurePresent(engine, source, entry, shop)).toEqual(present);
  expect(shop.lines.length).toBe(before);
});

test("an official image lost from the engine is pulled again, exactly the one that was used", async () => {
  const registry = await startRegistry("tiny:1", archive({ tiny: "" }, false));
  const { get, shop, source } = await toolchain(registry);
  const entry = await get();
  const { ref = "", upstream } = entry.manifest.facts;
  remove(ref, `${registry.prefix}tiny:1`);
  const asked = registry.asked.length;
  expect((await ensurePresent(engine, source, entry, shop)).ref).toBe(ref);
  // By its digest: the name may stand for another image by now.
  expect(shop.lines.join("\n")).toContain(`pulling ${upstream}`);
  expect(upstream).toMatch(/@sha256:/);
  const again = registry.asked.slice(asked);
  expect(again.some((path) => path.includes("/blobs/"))).toBe(true);
  expect(again).not.toContain("/v2/tiny/manifests/1");
});
