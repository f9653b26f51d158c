// Runs the tests of one set and closes with "N passed, N failed", which CI reads.
import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, "node_modules", ".cache");
const summaryFile = join(cache, "berth-test-summary");

const fast = ["unit", "components", "toolchain", "control-plane"];
const sets: Record<string, string[]> = {
  fast,
  all: [...fast, "platform", "cli-stack", "provisioner", "e2e", "faults"],
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
    assertionResults: Array<{ fullName: string; status: string }>;
  }>;
}

const set = process.argv[2] ?? "all";
const projects = sets[set] ?? (set.includes("/") ? undefined : [set]);
if (!projects)
  throw new Error(
    `There is no set of tests "${set}": use ${Object.keys(sets).join(", ")} or a folder of test/.`,
  );

process.env.PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
await mkdir(cache, { recursive: true });
await rm(summaryFile, { force: true });

let passed = 0;
let failed = 0;
const skipped: string[] = [];

async function run(command: string, args: string[]): Promise<number> {
  const child = spawn(command, args, { cwd: root, stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

if (set === "all" || set === "fast") {
  console.log("== verify: format, lint, imports, types, dead code");
  if ((await run("npm", ["run", "--silent", "verify"])) === 0) passed += 1;
  else failed += 1;
}
for (const project of projects) {
  console.log(`== ${project}`);
  const file = join(cache, `berth-test-${project}.json`);
  await rm(file, { force: true });
  const code = await run(process.execPath, [
    join(root, "node_modules", "vitest", "vitest.mjs"),
    "run",
    `--project=${project}`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
    ...process.argv.slice(3),
  ]);
  const report = await readFile(file, "utf8").then(
    (text) => JSON.parse(text) as Report,
    () => undefined,
  );
  if (!report) {
    console.error(`${project}: vitest ended with ${code} and wrote no report.`);
    failed += 1;
    continue;
  }
  passed += report.numPassedTests;
  // A file that fell before its first test, or a run that failed with no failed test, counts as a failure.
  const broken = report.testResults.filter(
    (r) => r.status === "failed" && r.assertionResults.every((a) => a.status !== "failed"),
  );
  failed += report.numFailedTests + broken.length;
  if (code !== 0 && report.numFailedTests + broken.length === 0) failed += 1;
  for (const result of report.testResults) {
    for (const test of result.assertionResults) {
      if (test.status !== "passed" && test.status !== "failed") skipped.push(`${project}: ${test.fullName}`);
    }
  }
}
for (const name of skipped) console.log(`skipped: ${name}`);
const summary = `${passed} passed, ${failed} failed${skipped.length ? `, ${skipped.length} skipped` : ""}\n`;
await writeFile(summaryFile, summary);
process.stdout.write(summary);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
