import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { ToolchainError } from "../../toolchain/errors.ts";
import { type Artifact, obtain } from "../../toolchain/store/obtain.ts";
import { openWorkshop } from "./support/workshop.ts";

const maker = fileURLToPath(new URL("support/make-slowly.ts", import.meta.url));

function countingArtifact(): { artifact: Artifact; builds: () => number } {
  let builds = 0;
  const artifact: Artifact = {
    name: "thing",
    build: {
      key: () => "k1",
      version: "1.0",
      async make(dir) {
        builds += 1;
        writeFileSync(join(dir, "binary"), "content");
        return { fact: "known" };
      },
    },
  };
  return { artifact, builds: () => builds };
}

async function outputOf(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  const heard = { out: "", err: "" };
  child.stdout?.on("data", (chunk) => {
    heard.out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    heard.err += chunk;
  });
  const [code] = await once(child, "close");
  return { code, ...heard };
}

test("an artefact is made once and then given from the cache", async () => {
  const shop = openWorkshop();
  const { artifact, builds } = countingArtifact();
  const first = await obtain(artifact, { ...shop, use: "auto" });
  const second = await obtain(artifact, { ...shop, use: "auto" });
  expect([first.made, second.made, builds()]).toEqual([true, false, 1]);
  expect(second.manifest).toMatchObject({ source: "built", version: "1.0", facts: { fact: "known" } });
  expect(second.manifest.files.binary).toMatchObject({ size: 7 });
});

test("a file changed behind the cache's back is noticed and made again", async () => {
  const shop = openWorkshop();
  const { artifact, builds } = countingArtifact();
  const { dir } = await obtain(artifact, { ...shop, use: "auto" });
  await obtain(artifact, { ...shop, use: "auto" });
  // Same size, and the old time of change put back: only the content differs.
  writeFileSync(join(dir, "binary"), "c0ntent");
  utimesSync(join(dir, "binary"), new Date(0), new Date(0));
  const again = await obtain(artifact, { ...shop, use: "auto" });
  expect([again.made, builds(), readFileSync(join(dir, "binary"), "utf8")]).toEqual([true, 2, "content"]);
  expect(shop.lines.join("\n")).toContain("binary has other content: it is made again");
});

test("a file cut short, a missing file and an unreadable manifest are made again", async () => {
  const shop = openWorkshop();
  const { artifact, builds } = countingArtifact();
  const { dir } = await obtain(artifact, { ...shop, use: "auto" });
  for (const [file, content] of [
    ["binary", "cont"],
    ["manifest.json", "{"],
  ] as const) {
    writeFileSync(join(dir, file), content);
    expect((await obtain(artifact, { ...shop, use: "auto" })).made).toBe(true);
  }
  expect(builds()).toBe(3);
});

test("a build that fails leaves nothing behind, and its reason is told", async () => {
  const shop = openWorkshop();
  const artifact: Artifact = {
    name: "thing",
    build: {
      key: () => "k1",
      version: "1",
      async make(dir) {
        writeFileSync(join(dir, "binary"), "half");
        throw new ToolchainError("The compiler said no.");
      },
    },
  };
  await expect(obtain(artifact, { ...shop, use: "auto" })).rejects.toThrow("The compiler said no.");
  expect(readdirSync(join(shop.cacheDir, "artifacts"))).toEqual([]);
});

test("what was made from a recipe that changed meanwhile is not kept", async () => {
  const shop = openWorkshop();
  const { artifact, builds } = countingArtifact();
  const build = { ...artifact.build, version: "1", key: () => `k${builds()}`, make: artifact.build?.make };
  const changing = { name: "thing", build } as Artifact;
  await expect(obtain(changing, { ...shop, use: "auto" })).rejects.toThrow(
    "was changed while it was being made",
  );
  expect(readdirSync(join(shop.cacheDir, "artifacts"))).toEqual([]);
});

test("two runs at once build once, and the second says that it waits", async () => {
  const shop = openWorkshop();
  const [diary, goAhead] = [join(shop.dir, "diary"), join(shop.dir, "go")];
  const start = () => spawn(process.execPath, [maker, shop.cacheDir, diary, goAhead]);
  const first = start();
  const firstEnd = outputOf(first);
  await vi.waitUntil(() => existsSync(diary), { timeout: 20_000, interval: 20 });
  const second = start();
  let said = "";
  second.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const secondEnd = outputOf(second);
  await vi.waitUntil(() => said.includes("waiting"), { timeout: 20_000, interval: 20 });
  writeFileSync(goAhead, "");
  const [one, two] = await Promise.all([firstEnd, secondEnd]);
  expect([one.code, two.code]).toEqual([0, 0]);
  expect(two.err).toContain("another run is making this: waiting for it");
  expect(readFileSync(one.out, "utf8")).toBe("whole");
  expect(two.out).toBe(one.out);
  expect(readFileSync(diary, "utf8").trim().split("\n")).toHaveLength(1);
});

test("a build that is killed in its middle leaves nothing that is trusted, and its helpers end", async () => {
  const shop = openWorkshop();
  const [diary, goAhead] = [join(shop.dir, "diary"), join(shop.dir, "go")];
  const start = () => spawn(process.execPath, [maker, shop.cacheDir, diary, goAhead]);
  const killed = start();
  const end = outputOf(killed);
  await vi.waitUntil(() => existsSync(diary), { timeout: 20_000, interval: 20 });
  killed.kill("SIGKILL");
  await end;
  const helper = readFileSync(diary, "utf8").trim().split(" ")[1];
  await vi.waitUntil(() => !existsSync(`/proc/${helper}`), { timeout: 5_000, interval: 20 });
  const left = readdirSync(join(shop.cacheDir, "artifacts"));
  expect(left).toHaveLength(1);
  expect(left[0]).toMatch(/^\.making-slow\./);

  writeFileSync(goAhead, "");
  appendFileSync(diary, "--\n");
  const next = await outputOf(start());
  expect([next.code, readFileSync(next.out, "utf8")]).toEqual([0, "whole"]);
  expect(readdirSync(join(shop.cacheDir, "artifacts"))).toEqual(["slow-built-1"]);
});
