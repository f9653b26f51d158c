import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { openWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});

/** The block of the README that begins with these words. */
async function block(beginning: string): Promise<string> {
  const readme = await readFile(join(projectRoot, "README.md"), "utf8");
  const found = [...readme.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
  const text = found.find((one) => one.startsWith(beginning));
  if (!text) throw new Error(`The README has no block that begins with: ${beginning}`);
  return text;
}

/** What a person reads in a mail or an answer and types in is put in; everything else is as it stands there. */
function typed(steps: string, mailedCode: string): string {
  return steps
    .replaceAll(/^bin\/berth mail (\S+)$/gm, `code=$(${mailedCode} $1)\n$& | grep -qFf <(printf %s "$code")`)
    .replaceAll("<from the mail>", `'"$code"'`)
    .replace(/^as "\$key" \/tenant\/v1\/tenants .*$/m, 'made=$($&)\necho "$made"')
    .replace("<operation id>", '$(grep -o "op_[a-z0-9]*" <<< "$made" | head -1)');
}

test("the README's first steps do what they say: sign up, confirm, invite, make a key and a tenant", async () => {
  const helper = join(projectRoot, "test/e2e/mailed-code.ts");
  const mailedCode = `"${process.execPath}" "${helper}" "${dataPaths(world.settings.dataDir).mail}"`;
  const script = [
    'eval "$(bin/berth env)"',
    typed(await block("api() {"), mailedCode),
    await block('as "$key" /tenant/v1/tenants/acme -X DELETE'),
  ].join("\n");
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], {
    cwd: projectRoot,
    env: { ...process.env, ...world.env },
    maxBuffer: 16 << 20,
  });
  expect(stdout).not.toContain("urn:berth:problem");
  expect(stdout).toMatch(/"email":"ben@acme\.example","role":"developer"/);
  expect(stdout).toMatch(/^event: ?succeeded$/m);
  expect(stdout).toContain('"name":"Acme Ltd"');
  const [, gone = ""] = /"operation":\{"id":"(op_\w+)","kind":"destroy"/.exec(stdout) ?? [];
  expect(gone, stdout.slice(-2_000)).not.toBe("");
  expect((await world.ended(gone)).status).toBe("succeeded");
});
