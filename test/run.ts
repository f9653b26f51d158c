// Runs the tests of one set and closes with "N passed, N failed", which CI reads.
import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, "node_modules", ".cache");
const summaryFile = join(cache, "berth-test-summary");

const fast = ["unit", "components", "toolchain", "control-plane", "fuzz"];
/** What is run one after the other; the lanes of one stage run side by side, for much of them is waiting. */
const sets: Record<string, string[][][]> = {
  fast: [[fast]],
  all: [
    [fast],
    [
      ["platform", "cli-stack", "provisioner", "e2e-apart", "images", "monitoring", "daily"],
      ["e2e", "outages", "recovery", "newcomer", "secrets", "faults"],
    ],
  ],
};

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numFailedTestSuites: number;
  testResults: Array<{
    name: string;
    status: string;
    message?: string;
    assertionResults: Array<{ fullName: string; status: string; failureMessages?: string[] }>;
  }>;
}

const set = process.argv[2] ?? "all";
const stages = sets[set] ?? (set.includes("/") ? undefined : [[[set]]]);
if (!stages)
  throw new Error(
    `There is no set of tests "${set}": use ${Object.keys(sets).join(", ")} or a folder of test/.`,
  );

process.env.PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
await mkdir(cache, { recursive: true });
await rm(summaryFile, { force: true });

let passed = 0;
let failed = 0;
const skipped: string[] = [];
/** What failed, said once more at the end: a machine's record of a run keeps its last lines. */
const failures: string[] = [];

/** Runs a program and gives its exit code. What it says is said with `prefix` before each line, if there is one. */
async function run(command: string, args: string[], prefix = ""): Promise<number> {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", prefix ? "pipe" : "inherit", prefix ? "pipe" : "inherit"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on("line", (line) => console.log(prefix + line));
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // When all it said is read, too.
    child.once("close", (code) => resolve(code ?? 1));
  });
}

/** What a test said when it failed, without colours and stack, on one line. */
function briefly(message = "says nothing"): string {
  const said = stripVTControlCharacters(message).split(/\n\s+at /, 1)[0] as string;
  return said.replace(/\s+/g, " ").trim().slice(0, 400);
}

async function runProject(project: string, isAlone: boolean): Promise<void> {
  const from = performance.now();
  console.log(`== ${project}`);
  const file = join(cache, `berth-test-${project}.json`);
  await rm(file, { force: true });
  const code = await run(
    process.execPath,
    [
      join(root, "node_modules", "vitest", "vitest.mjs"),
      "run",
      `--project=${project}`,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${file}`,
      ...process.argv.slice(3),
    ],
    isAlone ? "" : `${project} | `,
  );
  console.log(`== ${project}: ${Math.round((performance.now() - from) / 1000)} s`);
  const report = await readFile(file, "utf8").then(
    (text) => JSON.parse(text) as Report,
    () => undefined,
  );
  if (!report) {
    failures.push(`${project}: vitest ended with ${code} and wrote no report`);
    failed += 1;
    return;
  }
  passed += report.numPassedTests;
  // A file that fell before its first test, or a run that failed with no failed test, counts as a failure.
  const broken = report.testResults.filter(
    (r) => r.status === "failed" && r.assertionResults.every((a) => a.status !== "failed"),
  );
  failed += report.numFailedTests + broken.length;
  for (const file of broken)
    failures.push(`${project}: ${relative(root, file.name)}: ${briefly(file.message)}`);
  if (code !== 0 && report.numFailedTests + broken.length === 0) {
    failures.push(`${project}: vitest ended with ${code}, though no test failed`);
    failed += 1;
  }
  for (const result of report.testResults) {
    for (const test of result.assertionResults) {
      if (test.status === "failed")
        failures.push(
          `${project}: ${relative(root, result.name)}: ${test.fullName}: ${briefly(test.failureMessages?.[0])}`,
        );
      else if (test.status !== "passed") skipped.push(`${project}: ${test.fullName}`);
    }
  }
}

if (set === "all" || set === "fast") {
  console.log("== verify: format, lint, imports, types, dead code");
  if ((await run("npm", ["run", "--silent", "verify"])) === 0) passed += 1;
  else {
    failures.push("verify: see above");
    failed += 1;
  }
}
for (const lanes of stages) {
  await Promise.all(
    lanes.map(async (projects) => {
      for (const project of projects)
        await runProject(project, lanes.length === 1).catch((error) => {
          failures.push(`${project}: could not be run: ${error}`);
          failed += 1;
        });
    }),
  );
}
for (const name of skipped) console.log(`skipped: ${name}`);
for (const failure of failures) console.log(`failed: ${failure}`);
const summary = `${passed} passed, ${failed} failed${skipped.length ? `, ${skipped.length} skipped` : ""}\n`;
await writeFile(summaryFile, summary);
process.stdout.write(summary);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
