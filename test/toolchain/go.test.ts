import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { binaries } from "../../toolchain/binaries.ts";
import { goBuild, goVersion } from "../../toolchain/make/go-build.ts";
import { run } from "../../toolchain/run.ts";
import { openWorkshop, type Workshop } from "./support/workshop.ts";

/** Builds a program of two files, the second of which a tag leaves out. */
async function build(shop: Workshop, tag?: string): Promise<string> {
  const folder = join(shop.dir, "recipes", "tiny");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "go.mod"), "module tiny\n\ngo 1.21\n");
  writeFileSync(
    join(folder, "main.go"),
    'package main\n\nvar said = "little"\n\nfunc main() { print(said) }\n',
  );
  const more = '//go:build !less\n\npackage main\n\nfunc init() { said = "more" }\n';
  writeFileSync(join(folder, "more.go"), more);
  const [work, out] = [join(shop.dir, "work"), join(shop.dir, "tiny.bin")];
  mkdirSync(work);
  await goBuild({
    recipe: { folder: "tiny", target: ".", binary: "tiny", tag },
    recipes: join(shop.dir, "recipes"),
    work,
    out,
    log: join(shop.dir, "log"),
    step: shop.progress.begin("tiny"),
  });
  return out;
}

const said = async (program: string) => (await run("sh", ["-c", `${program} 2>&1`])).join("");

test("a program is compiled with exactly the Go that is named, whichever the machine has", async () => {
  const program = await build(openWorkshop());
  expect((await run("go", ["version", program])).join("")).toContain(`: go${goVersion}`);
  expect(await said(program)).toBe("more");
});

test("what a recipe's tag leaves out is left out", async () => {
  expect(await said(await build(openWorkshop(), "less"))).toBe("little");
});

const refusals: [machine: string, script: string | undefined, sentence: RegExp][] = [
  ["without Go", undefined, /^Go is not installed, .* install Go 1\.21 or newer, which fetches Go \S+ by/],
  [
    "whose Go is older than such a fetch",
    `echo "go: errors parsing go.mod: go.mod:3: invalid go version '${goVersion}': must match format 1.23" >&2`,
    /^This machine's Go is too old: install Go 1\.21 or newer/,
  ],
  [
    "whose Go reaches no module proxy",
    `echo "go: download go${goVersion} for linux/amd64: toolchain not available" >&2`,
    /^This machine's Go cannot fetch Go \S+, .*"go: download .* toolchain not available".* install Go \S+\.$/,
  ],
];

test.each(refusals)("a machine %s gets a sentence", async (_, script, sentence) => {
  const shop = openWorkshop();
  const path = join(shop.dir, "bin");
  mkdirSync(path);
  for (const program of ["env", "setpriv", "sh"]) symlinkSync(`/usr/bin/${program}`, join(path, program));
  if (script !== undefined) {
    writeFileSync(join(path, "go"), `#!/bin/sh\n${script}\nexit 1\n`);
    chmodSync(join(path, "go"), 0o755);
  }
  vi.stubEnv("PATH", path);
  try {
    await expect(build(shop)).rejects.toThrow(sentence);
  } finally {
    vi.unstubAllEnvs();
  }
});

test("each recipe with a go.mod names the Go that it is compiled with, so that an older one refuses it", () => {
  const folders = Object.values(binaries).flatMap(({ built }) => built.parts.map(({ folder }) => folder));
  for (const folder of folders.filter((one) => one !== "mailpit"))
    expect(readFileSync(`toolchain/${folder}/go.mod`, "utf8"), folder).toContain(`\ngo ${goVersion}\n`);
});
