import { basename, join } from "node:path";
import { filesOf } from "./files.ts";
import type { Outcome, Part, Tree } from "./outcome.ts";
import { lastSaid, program } from "./program.ts";
import { programs } from "./programs.ts";

interface Report {
  dependencies: Array<{
    name: string;
    version?: string;
    skip_reason?: string;
    vulns?: Array<{ id: string; fix_versions: string[]; description?: string }>;
  }>;
}

/** Known advisories of Python packages, for each file of pinned ones, from OSV (BERTH_OSV_URL is another one). */
export const pypi: Part = {
  name: "PyPI advisories",
  async scan(tree) {
    const files = (await filesOf(tree)).filter((name) => basename(name) === "requirements.txt");
    const outcomes = await Promise.all(files.map((file) => ofFile(tree, file)));
    return {
      looked: `${files.length} files of pinned packages`,
      found: outcomes.flatMap(({ found }) => found),
      unseen: outcomes.flatMap(({ unseen }) => unseen),
    };
  },
};

async function ofFile(tree: Tree, file: string): Promise<Pick<Outcome, "found" | "unseen">> {
  const osv = tree.env.BERTH_OSV_URL ? ["--osv-url", tree.env.BERTH_OSV_URL] : [];
  const pinned = ["--requirement", join(tree.root, file), "--no-deps", "--disable-pip"];
  const options = ["--vulnerability-service", "osv", ...osv, "--format", "json", "--progress-spinner", "off"];
  const ended = await program(
    join(await programs(tree), "pip-audit"),
    [...pinned, ...options, "--timeout", "10"],
    {
      cwd: tree.root,
      env: tree.env,
    },
  );
  const report = parse(ended.out);
  if (!report) return { found: [], unseen: [`${file}: pip-audit cannot ask OSV here (${lastSaid(ended)})`] };
  // It calls a package that it could not ask for harmless: of that nothing is known.
  const skipped = report.dependencies.filter(({ skip_reason }) => skip_reason !== undefined);
  const found = report.dependencies.flatMap(({ name, version, vulns = [] }) =>
    vulns.map(({ id, fix_versions }) => ({
      id: `${id} ${name}`,
      sentence: `${file}: ${name} ${version}: ${id}, mended in ${fix_versions.join(", ") || "no version yet"} (https://osv.dev/${id})`,
    })),
  );
  const unseen = skipped.map(({ name, skip_reason }) => `${file}: ${name} (${skip_reason})`);
  return { found, unseen };
}

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}
