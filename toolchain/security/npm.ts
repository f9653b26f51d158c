import { basename, dirname, join } from "node:path";
import { filesOf } from "./files.ts";
import type { Outcome, Part, Tree } from "./outcome.ts";
import { lastSaid, program } from "./program.ts";

interface Report {
  error?: { summary?: string; detail?: string };
  message?: string;
  vulnerabilities?: Record<
    string,
    { severity: string; via: Array<string | { title: string; url: string; severity: string; range: string }> }
  >;
}

const counted = ["high", "critical"];

/** Known advisories of npm packages, for each lock file, as the registry has them. */
export const npm: Part = {
  name: "npm advisories",
  async scan(tree) {
    const locks = (await filesOf(tree)).filter((name) => basename(name) === "package-lock.json");
    const outcomes = await Promise.all(locks.map((lock) => ofLock(tree, lock)));
    return {
      looked: `${locks.length} lock files`,
      found: outcomes.flatMap(({ found }) => found),
      unseen: outcomes.flatMap(({ unseen }) => unseen),
    };
  },
};

async function ofLock({ root, env }: Tree, lock: string): Promise<Pick<Outcome, "found" | "unseen">> {
  const args = ["audit", "--package-lock-only", "--json", "--audit-level=high"];
  const ended = await program("npm", args, { cwd: join(root, dirname(lock)), env });
  const report = parse(ended.out);
  // It ends with an error both when it has found something and when it could not look.
  if (!report?.vulnerabilities) {
    const why = report?.message ?? report?.error?.summary ?? lastSaid(ended);
    return { found: [], unseen: [`${lock}: npm's registry tells no advisories here (${why.trim()})`] };
  }
  const found = Object.entries(report.vulnerabilities)
    .filter(([, { severity }]) => counted.includes(severity))
    .flatMap(([name, { via }]) =>
      via
        // A package that only depends on one is told with that one.
        .filter((one) => typeof one !== "string")
        .filter(({ severity }) => counted.includes(severity))
        .map(({ title, url, severity, range }) => ({
          id: `${url.slice(url.lastIndexOf("/") + 1)} ${name}`,
          sentence: `${lock}: ${name} ${range}: ${title} (${severity}, ${url})`,
        })),
    );
  return { found, unseen: [] };
}

function parse(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}
