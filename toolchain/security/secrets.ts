import { join } from "node:path";
import { filesOf } from "./files.ts";
import type { Found, Part, Tree } from "./outcome.ts";
import { lastSaid, program } from "./program.ts";
import { programs } from "./programs.ts";

interface Report {
  results: Record<string, Array<{ type: string; line_number: number; hashed_secret: string }>>;
}

/** Rules that see a secret in every hash and every made-up password: tests and lists of checksums are full of them. */
const eager = ["Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector"];
const isQuiet = (name: string) =>
  /^test\/|(^|\/)(package-lock\.json|requirements\.txt|go\.sum)$|\/migrations\/meta\//.test(name);

/** Secrets in the tree: keys and tokens by their form everywhere, and by their looks in what is the product. */
export const secrets: Part = {
  name: "secrets",
  async scan(tree) {
    const files = await filesOf(tree);
    const product = files.filter((name) => !isQuiet(name));
    const seen = [
      ...(await detect(
        tree,
        files,
        eager.flatMap((rule) => ["--disable-plugin", rule]),
      )),
      ...(await detect(tree, product, [])),
    ];
    const found = [...new Map(seen.map((one) => [one.id, one])).values()];
    return { looked: `${files.length} files`, found, unseen: [] };
  },
};

async function detect(tree: Tree, files: string[], options: string[]): Promise<Found[]> {
  if (files.length === 0) return [];
  // Nothing is asked of anybody whether a key is good.
  const args = ["scan", "--no-verify", ...options, ...files];
  const ended = await program(join(await programs(tree), "detect-secrets"), args, {
    cwd: tree.root,
    env: tree.env,
  });
  if (ended.code !== 0) throw new Error(`detect-secrets failed: ${lastSaid(ended)}`);
  const { results } = JSON.parse(ended.out) as Report;
  return Object.entries(results).flatMap(([file, all]) =>
    all.map(({ type, line_number, hashed_secret }) => ({
      id: `${file} ${hashed_secret.slice(0, 12)}`,
      sentence: `${file}:${line_number}: this looks like a secret (${type})`,
    })),
  );
}
