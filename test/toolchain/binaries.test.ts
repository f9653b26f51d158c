import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type BinaryName, type BinaryRecipe, binaries } from "../../toolchain/binaries.ts";
import { binaryArtifact } from "../../toolchain/binary-artifact.ts";
import { createReach } from "../../toolchain/sources/reach.ts";
import { vendorSources } from "../../toolchain/sources/sources.ts";
import { obtain } from "../../toolchain/store/obtain.ts";
import { type Answer, startFileServer } from "./support/file-server.ts";
import { archive, openWorkshop } from "./support/workshop.ts";

const release = archive({ "pulumi/pulumi": "#!/bin/sh\necho v9.9.9\n", "pulumi/pulumi-language-nodejs": "" });
const sha256 = createHash("sha256").update(release).digest("hex");
const archivePath = "/releases/pulumi-v9.9.9-linux.tar.gz";
const checksumsPath = "/checksums/v9.9.9/pulumi-9.9.9-checksums.txt";
const goodChecksums = Buffer.from(
  `${"0".repeat(64)}  other.tar.gz\n${sha256}  ${archivePath.split("/")[2]}\n`,
);

const recipe: BinaryRecipe = {
  official: {
    from: "pulumi",
    version: "9.9.9",
    archive: () => "pulumi-v9.9.9-linux.tar.gz",
    folder: "pulumi",
  },
  built: { version: "9.0.0", parts: [{ folder: "tiny", target: ".", binary: "pulumi" }] },
};

/** A toolchain whose vendor answers as told, and whose fallback builds a Go program of one line. */
async function toolchain(files: Record<string, Answer>, name: BinaryName = "pulumi", what = recipe) {
  const shop = openWorkshop();
  const server = await startFileServer(files);
  onTestFinished(() => server.close());
  const recipes = join(shop.dir, "recipes");
  await mkdir(join(recipes, "tiny"), { recursive: true });
  await mkdir(join(shop.cacheDir, "log"), { recursive: true });
  await writeFile(join(recipes, "tiny", "go.mod"), "module tiny\n\ngo 1.21\n");
  await writeFile(join(recipes, "tiny", "main.go"), "package main\n\nfunc main() { println(`built`) }\n");
  const sources = {
    ...vendorSources,
    pulumiReleases: `${server.url}/releases`,
    pulumiChecksums: `${server.url}/checksums`,
    plugins: `${server.url}/plugins`,
    answerWithinMs: 300,
    stallMs: 300,
  };
  const context = { sources, reach: createReach(300), recipes, logDir: join(shop.cacheDir, "log") };
  const get = (use: "auto" | "official" | "build" = "auto") =>
    obtain(binaryArtifact(name, what, context), { ...shop, use });
  return { get, lines: shop.lines, asked: server.asked };
}

test("the vendor's release is used when it is there and its checksum is as published", async () => {
  const { get, asked } = await toolchain({ [archivePath]: release, [checksumsPath]: goodChecksums });
  const entry = await get();
  expect(entry.manifest).toMatchObject({
    source: "official",
    version: "9.9.9",
    facts: { sha256, checksum: "as published" },
  });
  expect(readFileSync(join(entry.dir, "pulumi"), "utf8")).toContain("v9.9.9");
  const before = asked.length;
  expect((await get()).made).toBe(false);
  expect(asked.length).toBe(before);
});

const refusals: [name: string, files: Record<string, Answer>, reason: string][] = [
  ["is not there", { [checksumsPath]: goodChecksums }, "answered 404"],
  [
    "does not answer",
    { [archivePath]: "silent", [checksumsPath]: goodChecksums },
    "did not answer within 0.3 s",
  ],
  [
    "stops in the middle",
    { [archivePath]: { half: release }, [checksumsPath]: goodChecksums },
    "sent nothing for 0.3 s",
  ],
  [
    "has another checksum than published",
    { [archivePath]: Buffer.concat([release, Buffer.from("x")]), [checksumsPath]: goodChecksums },
    "it is refused",
  ],
  [
    "has no published checksum",
    { [archivePath]: release, [checksumsPath]: Buffer.from("") },
    "has no checksum",
  ],
  [
    "is no archive",
    {
      [archivePath]: Buffer.from("<html>"),
      [checksumsPath]: Buffer.from(
        `${createHash("sha256").update("<html>").digest("hex")}  pulumi-v9.9.9-linux.tar.gz`,
      ),
    },
    "cannot be unpacked",
  ],
];

test.each(refusals)(
  "a release that %s is not used: it is built, and the reason is told",
  async (_, files, reason) => {
    const { get, lines } = await toolchain(files);
    const entry = await get();
    expect(entry.manifest).toMatchObject({ source: "built", version: "9.0.0" });
    expect(Object.keys(entry.manifest.files)).toEqual(["pulumi"]);
    expect(lines.join("\n")).toContain(reason);
  },
);

const withoutLanguage: BinaryRecipe = {
  ...recipe,
  built: {
    version: "9.0.0",
    parts: [...recipe.built.parts, { folder: "tiny", target: ".", binary: "other" }],
  },
};
const incomplete: [name: string, release: Buffer, what: BinaryRecipe, reason: string][] = [
  ["lacks one of its programs", release, withoutLanguage, "holds no other"],
  [
    "does not run on this machine",
    archive({ "pulumi/pulumi": "#!/bin/sh\necho no such instruction >&2\nexit 132\n" }),
    recipe,
    "does not run here",
  ],
];

test.each(incomplete)("a release that %s is not used", async (_, bytes, what, reason) => {
  const sum = createHash("sha256").update(bytes).digest("hex");
  const checksums = Buffer.from(`${sum}  ${archivePath.split("/")[2]}\n`);
  const { get, lines } = await toolchain(
    { [archivePath]: bytes, [checksumsPath]: checksums },
    "pulumi",
    what,
  );
  expect((await get()).manifest.source).toBe("built");
  expect(lines.join("\n")).toContain(reason);
});

test.each(["plugin-docker", "plugin-postgresql"] as const)(
  "the vendor's %s is used under the name it is published by, and its digest is recorded",
  async (name) => {
    const binary = name.replace("plugin-", "pulumi-resource-");
    const { official, built } = binaries[name];
    const bytes = archive({ [binary]: "#!/bin/sh\n", "PulumiPlugin.yaml": "" });
    const cpu = process.arch === "x64" ? "amd64" : process.arch;
    const path = `/plugins/${binary}-v${official?.version}-linux-${cpu}.tar.gz`;
    const tiny = built.parts.map((part) => ({ ...part, folder: "tiny" }));
    const { get, asked } = await toolchain({ [path]: bytes }, name, {
      official,
      built: { ...built, parts: tiny },
    });
    const entry = await get();
    expect(entry.manifest).toMatchObject({
      source: "official",
      version: official?.version,
      facts: {
        sha256: createHash("sha256").update(bytes).digest("hex"),
        checksum: "recorded, none published",
      },
    });
    expect(statSync(join(entry.dir, binary)).mode & 0o111).toBe(0o111);
    // "/" is the look whether there is a server at all.
    expect(asked.filter((one) => one !== "/")).toEqual([path]);
  },
);

test("when only the vendor's is allowed, its absence is an error that says why", async () => {
  const { get } = await toolchain({});
  await expect(get("official")).rejects.toThrow(/pulumi cannot be had: .*answered 404/);
});

test("when only building is allowed, the vendor is not asked", async () => {
  const { get, asked } = await toolchain({ [archivePath]: release, [checksumsPath]: goodChecksums });
  expect((await get("build")).manifest.source).toBe("built");
  expect(asked).toEqual([]);
});

test("a server that cannot be reached is waited for once in a run", async () => {
  // Takes connections and says nothing, as a firewall that swallows packets does.
  let connections = 0;
  const server = createServer(() => {
    connections += 1;
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const reach = createReach(200);
  const since = performance.now();
  for (const path of ["one", "two", "three"]) {
    await expect(reach.server(`http://127.0.0.1:${port}/${path}`)).rejects.toThrow("cannot be reached");
  }
  expect(connections).toBe(1);
  expect(performance.now() - since).toBeLessThan(1_000);
});
