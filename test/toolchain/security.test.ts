import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { projectRoot } from "../../control-plane/paths.ts";

/** A tree of its own with these files in it. */
function treeOf(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "berth-scan-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  execFileSync("git", ["init", "--quiet", root]);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

async function scan(root: string, only: string[], more: Record<string, string> = {}) {
  const parts = only.flatMap((name) => ["--only", name]);
  const child = spawn(process.execPath, [join(projectRoot, "toolchain/security/main.ts"), root, ...parts], {
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, ...more },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code: code as number, out: out + err };
}

/** A server that gives the same answer to every request, or to a GET another one. */
async function answering(status: number, body: unknown, toGet = body): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.once("end", () => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(request.method === "GET" ? toGet : body));
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// Put together here: in one piece the scan of this repository would find them.
const awsKey = ["AKIA", "4ZTPLQXWN2RVKJ7C"].join("");
const pem = (word: string) => `-----${word} RSA PRIVATE ${"KEY"}-----`;

test("a tree without anything is clean, and a part that there is not is told", {
  timeout: 300_000,
}, async () => {
  const root = treeOf({ "a.ts": 'export const greeting = "hello";\n' });
  const clean = await scan(root, ["secrets", "unsafe patterns"]);
  expect(clean).toMatchObject({ code: 0 });
  expect(clean.out).toContain("Nothing was found.");
  const wrong = await scan(root, ["luck"]);
  expect(wrong.code).toBe(2);
  expect(wrong.out).toContain('There is no part "luck": secrets, unsafe patterns, npm advisories');
});

test("a planted key is found, also in a file that is not in git yet, until it is accepted", async () => {
  const files = {
    "deploy/settings.ts": `export const id = "${awsKey}";\n`,
    "test/key.pem": `${pem("BEGIN")}\nMIIB\n${pem("END")}\n`,
  };
  const root = treeOf(files);
  const found = await scan(root, ["secrets"]);
  expect(found).toMatchObject({ code: 1 });
  expect(found.out).toContain("deploy/settings.ts:1: this looks like a secret (AWS Access Key)");
  expect(found.out).toContain("test/key.pem:1: this looks like a secret (Private Key)");
  const ids = [...found.out.matchAll(/\[(.+)\]$/gm)].map(([, id]) => id);
  const accept = (until: string) =>
    JSON.stringify(ids.map((id) => ({ id, why: "It is planted by a test, and opens nothing.", until })));
  mkdirSync(join(root, "toolchain/security"), { recursive: true });
  const file = join(root, "toolchain/security/accepted.json");
  writeFileSync(file, accept("2999-01-01"));
  const accepted = await scan(root, ["secrets"]);
  expect(accepted).toMatchObject({ code: 0 });
  expect(accepted.out).toContain("0 found, 2 accepted");
  // What was accepted for a time is found again after it; and another key in the same file is not accepted.
  writeFileSync(file, accept("2020-01-01"));
  expect((await scan(root, ["secrets"])).code).toBe(1);
  writeFileSync(file, accept("2999-01-01"));
  writeFileSync(join(root, "deploy/settings.ts"), `export const id = "${awsKey.replace("4ZTP", "4ZTQ")}";\n`);
  expect((await scan(root, ["secrets"])).code).toBe(1);
});

test("every rule finds what is planted for it, and nothing in what is written as it should be", async () => {
  const planted: Record<string, string> = {
    "text-run-as-code": "export const run = (text: string) => eval(text);",
    "shell-with-made-up-text":
      'import { exec } from "node:child_process";\nexport const list = (name: string) => exec("ls " + name);',
    "asked-for-reaches-what-runs":
      'import { spawn } from "node:child_process";\napp.get("/run", (c) => {\n  const tool = c.req.query("tool");\n  spawn(tool, []);\n});',
    "certificate-not-checked": 'fetch("x", { agent: new Agent({ rejectUnauthorized: false }) });',
    "chance-that-can-be-guessed": "export const code = () => Math.random().toString(36);",
    "broken-hash": 'import { createHash } from "node:crypto";\nexport const h = createHash("md5");',
    "text-put-into-a-page": "export const show = (e: Element, t: string) => { e.innerHTML = t; };",
  };
  const files = Object.fromEntries(
    Object.entries(planted).map(([rule, code]) => [`src/${rule}.ts`, `${code}\n`]),
  );
  const root = treeOf({
    ...files,
    "src/python-text-run.py": "import subprocess\nsubprocess.run(name, shell=True)\n",
    "src/fine.ts":
      'import { execFile } from "node:child_process";\nimport { createHash, randomBytes } from "node:crypto";\nexport const list = (name: string) => execFile("ls", [name]);\nexport const h = createHash("sha256");\nexport const code = randomBytes(8);\n',
  });
  const { code, out } = await scan(root, ["unsafe patterns"]);
  expect(code).toBe(1);
  for (const rule of [...Object.keys(planted), "python-text-run"])
    expect(out, rule).toMatch(new RegExp(`src/${rule}\\.(ts|py):\\d+: .+ \\(${rule}\\)`));
  expect(out).not.toContain("src/fine.ts");
});

const lock = JSON.stringify({
  name: "x",
  version: "1.0.0",
  lockfileVersion: 3,
  requires: true,
  packages: {
    "": { name: "x", version: "1.0.0", dependencies: { lodash: "4.17.15" } },
    "node_modules/lodash": {
      version: "4.17.15",
      resolved: "https://registry.npmjs.org/lodash/-/lodash-4.17.15.tgz",
    },
  },
});
const npmTree = {
  "package.json": '{"name":"x","version":"1.0.0","dependencies":{"lodash":"4.17.15"}}',
  "package-lock.json": lock,
};

test("a package of a lock file that has an advisory is found; where the registry tells none, that is said", async () => {
  const advisory = (severity: string) => ({
    lodash: [
      {
        ...{
          id: 1,
          url: "https://github.com/advisories/GHSA-p6mc-m468-83gw",
          title: "Prototype Pollution in lodash",
        },
        ...{ severity, vulnerable_versions: "<4.17.19", cwe: [], cvss: { score: 7.4, vectorString: null } },
      },
    ],
  });
  const at = (url: string) => ({
    npm_config_registry: url,
    npm_config_cache: mkdtempSync(join(tmpdir(), "berth-npm-")),
  });
  const root = treeOf(npmTree);
  // The package itself: npm asks which of its versions are concerned.
  const lodash = { name: "lodash", versions: { "4.17.15": { name: "lodash", version: "4.17.15" } } };
  const high = await scan(root, ["npm advisories"], at(await answering(200, advisory("high"), lodash)));
  expect(high, high.out).toMatchObject({ code: 1 });
  expect(high.out).toContain("package-lock.json: lodash <4.17.19: Prototype Pollution in lodash (high,");
  const low = await scan(root, ["npm advisories"], at(await answering(200, advisory("moderate"), lodash)));
  expect(low, low.out).toMatchObject({ code: 0 });
  expect((await scan(root, ["npm advisories"], at(await answering(200, {})))).code).toBe(0);
  for (const url of [await answering(405, { error: "no" }), "http://127.0.0.1:9"]) {
    const unseen = await scan(root, ["npm advisories"], { ...at(url), npm_config_fetch_retries: "0" });
    expect(unseen, unseen.out).toMatchObject({ code: 3 });
    expect(unseen.out).toContain("1 NOT LOOKED AT");
    expect(unseen.out).not.toContain("Nothing was found.");
  }
});

test("a pinned Python package that has an advisory is found; where nobody can be asked, that is said", async () => {
  const root = treeOf({ "requirements.txt": "jinja2==2.4.1\n" });
  const vuln = {
    id: "PYSEC-2019-217",
    ...{
      summary: "A sandbox can be left.",
      details: "",
      aliases: [],
      modified: "2019-01-01T00:00:00Z",
      published: "2019-01-01T00:00:00Z",
    },
    affected: [
      {
        package: { name: "jinja2", ecosystem: "PyPI" },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "2.10.1" }] }],
        versions: ["2.4.1"],
      },
    ],
  };
  const osv = await answering(200, { vulns: [vuln] });
  const found = await scan(root, ["PyPI advisories"], { BERTH_OSV_URL: osv });
  expect(found, found.out).toMatchObject({ code: 1 });
  expect(found.out).toContain("requirements.txt: jinja2 2.4.1: PYSEC-2019-217, mended in 2.10.1");
  expect(await scan(root, ["PyPI advisories"], { BERTH_OSV_URL: await answering(200, {}) })).toMatchObject({
    code: 0,
  });
  for (const url of [await answering(503, {}), "http://127.0.0.1:9"]) {
    const unseen = await scan(root, ["PyPI advisories"], { BERTH_OSV_URL: url });
    expect(unseen, unseen.out).toMatchObject({ code: 3 });
    expect(unseen.out).toContain("not looked at: requirements.txt: pip-audit cannot ask OSV here");
  }
});

test("a Go program that holds a module with an advisory is found, by Go's own list; without Go that is said", {
  timeout: 300_000,
}, async () => {
  const root = treeOf({
    "go.mod": "module planted\n\ngo 1.21\n\nrequire golang.org/x/text v0.3.5\n",
    "main.go":
      'package main\n\nimport (\n\t"fmt"\n\t"os"\n\n\t"golang.org/x/text/language"\n)\n\nfunc main() { fmt.Println(language.Parse(os.Args[0])) }\n',
  });
  const env = { ...process.env, GOFLAGS: "-mod=mod -buildvcs=false", CGO_ENABLED: "0" };
  execFileSync("go", ["build", "-o", "planted", "."], { cwd: root, env, stdio: "pipe" });
  const found = await scan(root, ["Go advisories"], { BERTH_SCAN_BINARIES: join(root, "planted") });
  expect(found).toMatchObject({ code: 1 });
  expect(found.out).toMatch(
    /planted: golang\.org\/x\/text@v0\.3\.5 has \d+ known advisories \(.*GO-2021-0113/,
  );
  const unseen = await scan(root, ["Go advisories"], { GOPROXY: "off", GOMODCACHE: join(root, "none") });
  expect(unseen, unseen.out).toMatchObject({ code: 3 });
  expect(unseen.out).toContain("not looked at: all Go programs: Go's list of advisories cannot be had");
});

test("in this repository there are no secrets and no unsafe patterns but those that were accepted", {
  timeout: 300_000,
}, async () => {
  const { code, out } = await scan(projectRoot, ["secrets", "unsafe patterns"]);
  expect(code, out).toBe(0);
});
