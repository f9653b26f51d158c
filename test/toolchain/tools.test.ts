import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { toolNames } from "../../control-plane/tool-names.ts";
import { NotAvailable } from "../../toolchain/errors.ts";
import { imageSource } from "../../toolchain/image-artifact.ts";
import { images, type ToolImageName, toolsInOrder } from "../../toolchain/images.ts";
import { goBuild } from "../../toolchain/make/go-build.ts";
import { run } from "../../toolchain/run.ts";
import { parseToolchainSettings } from "../../toolchain/settings.ts";
import { grafanaLeftOut, type Outcome, obtainAll } from "../../toolchain/setup.ts";
import { createReach } from "../../toolchain/sources/reach.ts";
import { vendorSources } from "../../toolchain/sources/sources.ts";
import { obtain } from "../../toolchain/store/obtain.ts";
import { summary } from "../../toolchain/summary.ts";
import { engine } from "./support/images.ts";
import { startRegistry } from "./support/registry.ts";
import { archive, openWorkshop } from "./support/workshop.ts";

let outcome: Outcome;

beforeAll(async () => {
  const progress = { begin: () => ({ say() {}, far() {}, waitFor() {}, end() {} }) };
  outcome = await obtainAll({ ...parseToolchainSettings(process.env), progress });
}, 600_000);

const refOf = (name: ToolImageName) => outcome.tools.images[name]?.ref ?? `no image of ${name}`;

// The paths are the official images': components name them, and either image will do.
const programs: Array<[ToolImageName, entry: string, args: string[], says: RegExp]> = [
  ["prometheus", "/bin/prometheus", ["--version"], /prometheus, version 2\.53\.3/],
  ["prometheus", "/bin/promtool", ["--version"], /promtool, version 2\.53\.3/],
  ["postgres-exporter", "/bin/postgres_exporter", ["--version"], /postgres_exporter, version 0\.17\.1/],
  ["redis-exporter", "/redis_exporter", ["--version"], /Redis Metrics Exporter v?1\.69\.0/],
  ["node-exporter", "/bin/node_exporter", ["--version"], /node_exporter, version 1\.9\.0/],
  ["mailpit", "/mailpit", ["version", "--no-release-check"], /v1\.33\.1/],
  ["pgadmin", "/venv/bin/python3", ["/pgadmin4/setup.py", "--help"], /load-servers/],
];

test.each(programs)("in the image of %s there is %s", async (name, entry, args, says) => {
  const options = ["run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp"];
  // What pgAdmin keeps is made by whoever asks for its help, too.
  const folders = ["--tmpfs", "/var/lib/pgadmin:uid=5050", "--tmpfs", "/var/log/pgadmin:uid=5050"];
  const said: string[] = [];
  const onLine = (line: string) => void said.push(line);
  await run("docker", [...options, ...folders, "--entrypoint", entry, refOf(name), ...args], { onLine });
  expect(said.join("\n")).toMatch(says);
});

test("images that stand on the same packages share what is kept of them", () => {
  const roots = outcome.entries.filter(({ manifest }) => /prometheus|exporter/.test(manifest.name));
  expect(roots).toHaveLength(4);
  expect(new Set(roots.map(({ manifest }) => manifest.facts.id)).size).toBe(1);
});

test("the tools are those of the platform", () => {
  expect(new Set(toolsInOrder)).toEqual(new Set(toolNames));
});

test.each([
  ["", ["prometheus", "mailpit", "pgadmin", "grafana"]],
  ["none", []],
  ["mailpit, pgadmin", ["mailpit", "pgadmin"]],
])("BERTH_TOOLS=%s", (value, tools) => {
  expect(parseToolchainSettings({ BERTH_TOOLS: value }).tools).toEqual(tools);
});

test("an unknown tool is named, with those there are", () => {
  expect(() => parseToolchainSettings({ BERTH_TOOLS: "pgadmin,kibana" })).toThrow(/BERTH_TOOLS.*prometheus/s);
});

test("an image that only its vendor has cannot be had where it cannot be pulled, and nothing else is tried", async () => {
  const registry = await startRegistry("other:1", archive({ a: "" }, false));
  const shop = openWorkshop();
  try {
    const source = imageSource("grafana", images.grafana, {
      engine,
      sources: { ...vendorSources, registry: registry.prefix, answerWithinMs: 1_000, stallMs: 1_000 },
      reach: createReach(1_000),
      recipes: shop.dir,
      logDir: shop.dir,
      binary: () => {
        throw new Error("nothing is built");
      },
      obtain: (artifact) => obtain(artifact, { ...shop, use: "auto" }),
    });
    await expect(obtain(source.artifact, { ...shop, use: "auto" })).rejects.toThrow(NotAvailable);
    await expect(obtain(source.artifact, { ...shop, use: "build" })).rejects.toThrow(/no way to get it/);
  } finally {
    await registry.close();
  }
});

test("what is left out is told in a sentence, and the rest is there", () => {
  const here = outcome.tools.images.grafana === undefined ? [grafanaLeftOut] : [];
  expect(outcome.leftOut).toEqual(here);
  const told = summary({ ...outcome, leftOut: [grafanaLeftOut] }, 1);
  expect(told).toContain(`\n${grafanaLeftOut}\n`);
  expect(told).toContain("image-pgadmin");
});

test("a page of npm packages is made before the program that holds it", async () => {
  const shop = openWorkshop();
  const folder = join(shop.dir, "recipes", "tiny");
  mkdirSync(join(folder, "module", "page"), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, "module", name), text);
  write("go.mod", "module tiny\n\ngo 1.21\n");
  write(
    "main.go",
    'package main\n\nimport (\n\t_ "embed"\n\t"os"\n)\n\n//go:embed dist.html\nvar page string\n\nfunc main() { os.Stdout.WriteString(page) }\n',
  );
  write("package.json", '{ "name": "page", "private": true }');
  write(
    "package-lock.json",
    '{ "name": "page", "lockfileVersion": 3, "packages": { "": { "name": "page" } } }',
  );
  write("page.mjs", 'import fs from "node:fs"; fs.writeFileSync("dist.html", "page of " + process.env.OF);');
  const work = join(shop.dir, "work");
  mkdirSync(work);
  await goBuild({
    recipe: {
      folder: "tiny",
      target: ".",
      binary: "tiny",
      module: "module",
      page: { folder: "module", script: "page.mjs", env: { OF: "npm" } },
    },
    recipes: join(shop.dir, "recipes"),
    work,
    out: join(shop.dir, "tiny"),
    log: join(shop.dir, "log"),
    step: shop.progress.begin("tiny"),
  });
  expect(await run(join(shop.dir, "tiny"), [])).toEqual(["page of npm"]);
  expect(shop.lines.join("\n")).toContain("making the page");
});

test("pgAdmin's packages all have their version and hashes", () => {
  const lines = readFileSync("toolchain/pgadmin/requirements.txt", "utf8").split("\n");
  const names = lines.filter((line) => /^[a-z]/.test(line));
  expect(names.length).toBeGreaterThan(80);
  expect(names.filter((line) => !/^[a-z0-9-]+==\S+ \\$/.test(line))).toEqual([]);
  const wanted = readFileSync("toolchain/pgadmin/requirements.in", "utf8").trim().split("\n");
  for (const one of wanted) expect(names).toContain(`${one} \\`);
});
