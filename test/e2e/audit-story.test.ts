import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuditEntry } from "../../control-plane/audit/entry.ts";
import { type Api, createApi } from "../../control-plane/cli/api.ts";
import { everyItem } from "../../control-plane/cli/every-item.ts";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { until } from "../../control-plane/until.ts";
import { table } from "../support/table.ts";
import { openWorld, type World } from "./world.ts";

const exec = promisify(execFile);
const password = "correct horse battery";
const email = "ann@audit.example";

let world: World;
let folder: string;
let organization: string;
let owner: Api;
const id = { ann: "", staff: "", key: "", tenant: "" };

interface Signed {
  token: string;
  account: { id: string };
}

beforeAll(async () => {
  world = await openWorld();
  folder = await mkdtemp(join(tmpdir(), "berth-audit-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a program; both streams and the exit code. */
async function run(command: string, ...args: string[]) {
  const options = { cwd: projectRoot, env: { ...process.env, ...world.env }, maxBuffer: 64 << 20 };
  const done = await exec(command, args, options).catch(
    (error: { code?: number; stdout?: string; stderr?: string }) => ({
      code: 1,
      stdout: "",
      stderr: "",
      ...error,
    }),
  );
  return { code: "code" in done ? done.code : 0, text: done.stdout + done.stderr };
}
const berth = (...args: string[]) => run(join(projectRoot, "bin/berth"), ...args);

async function mailedCode(): Promise<string> {
  const helper = join(projectRoot, "test/e2e/mailed-code.ts");
  return (await run(process.execPath, helper, dataPaths(world.settings.dataDir).mail, email)).text.trim();
}

/** What the story's people do, one after the other. */
async function live(): Promise<void> {
  const { settings } = world;
  const nobody = createApi(settings);
  await nobody("POST", "/user/v1/accounts", { name: "Ann", email, password });
  await nobody("POST", "/user/v1/email-confirmation", { code: await mailedCode(), password });
  const ann = await nobody<Signed>("POST", "/user/v1/sessions", { email, password });
  id.ann = ann.account.id;
  owner = createApi(settings, ann.token);
  organization = (await owner<{ id: string }>("POST", "/user/v1/organizations", { name: "Audited" })).id;
  const key = await owner<{ id: string; key: string }>(
    "POST",
    `/user/v1/organizations/${organization}/api-keys`,
    { name: "Deployment", scope: "write" },
  );
  id.key = key.id;
  const program = createApi(settings, key.key);
  const made = await program<{ tenant: { id: string }; operation: { id: string } }>(
    "POST",
    "/tenant/v1/tenants",
    {
      slug: "audited",
      name: "Audited",
      admin: { email },
    },
  );
  id.tenant = made.tenant.id;
  await world.ended(made.operation.id);

  const staff = await nobody<Signed>("POST", "/user/v1/sessions", {
    email: "staff@berth.example",
    password: (await readFile(dataPaths(settings.dataDir).staffPassword, "utf8")).trim(),
  });
  id.staff = staff.account.id;
  const acting = await createApi(settings, staff.token)<{ token: string }>(
    "POST",
    "/user/v1/impersonations",
    {
      user: id.ann,
      reason: "Ticket 17",
    },
  );
  await createApi(settings, acting.token)("PATCH", "/tenant/v1/tenants/audited", { name: "Audited Ltd" });

  await world.docker("rm", "-f", `berth-${settings.env}-${id.tenant}-production`);
  const up = await world.cli(
    "audited",
    "pulumi up --refresh --yes --skip-preview --non-interactive -m 'Bob: the container was gone'",
  );
  if (up.code !== 0) throw new Error(up.output);
  await until(async () => (await entries()).some(({ action }) => action === "stack.pulumi-update"), {
    what: "the audit to tell of the operator's update",
    deadlineMs: 30_000,
    everyMs: 250,
  });
  const { operation } = await owner<{ operation: { id: string } }>("DELETE", "/tenant/v1/tenants/audited");
  await world.ended(operation.id);
  await until(async () => (await entries()).some(({ after }) => after?.status === "deleted"), {
    what: "the tenant service to learn that the tenant is gone",
    deadlineMs: 30_000,
    everyMs: 250,
  });
}

const entries = async () => (await everyItem<AuditEntry>(owner, "/tenant/v1/audit")).toReversed();

/** What a change was, in one line. */
function change({ before, after }: AuditEntry): string {
  const short = (state: AuditEntry["before"]) =>
    Object.entries(state ?? {})
      .filter(([name, value]) => typeof value === "string" && !/organization|operation|At$/.test(name))
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  return [short(before), short(after)]
    .filter((text) => text !== "")
    .join(" -> ")
    .slice(0, 80);
}

function who(actor: string): string {
  const names: Array<[string, string]> = [
    [id.ann, "Ann"],
    [id.staff, "the staff"],
    [id.key, "Ann's key"],
  ];
  return names.reduce((text, [of, name]) => text.replace(of, name), actor).replace(/^(worker):.*/, "$1");
}

describe("the audit of an organisation's life", { timeout: 300_000 }, () => {
  test("tells it from the beginning to the end: people, keys, staff, services, and the operator's pulumi", async () => {
    await live();
    const story = await entries();
    console.log(
      table(
        ["who", "what", "in", "on which request", "from", "before -> after"],
        story.map((entry) => [
          who(entry.actor),
          entry.action,
          entry.service,
          entry.requestId.slice(0, 24),
          entry.origin ?? "-",
          change(entry),
        ]),
      ),
    );
    const told = story.map(({ actor, action }) => `${who(actor)} ${action}`);
    const order = [
      "user:Ann organization.create",
      "user:Ann key.create",
      "key:Ann's key tenant.create",
      "key:Ann's key stack.create",
      "worker operation.succeeded",
      "user:the staff as user:Ann tenant.change",
      "operator:cli stack.pulumi-update",
      "user:Ann tenant.delete",
      "user:Ann stack.destroy",
      "service:instance tenant.status",
    ];
    let from = 0;
    for (const line of order) {
      const found = told.indexOf(line, from);
      expect(found, `${line} after ${told[from - 1]}, in:\n${told.join("\n")}`).toBeGreaterThanOrEqual(from);
      from = found + 1;
    }
    const one = (action: string) => story.filter((entry) => entry.action === action);
    expect(one("stack.pulumi-update")).toHaveLength(1);
    expect(one("stack.pulumi-update")[0]).toMatchObject({
      tenant: id.tenant,
      after: { message: "Bob: the container was gone", result: "succeeded", by: "cli" },
    });
    expect(one("tenant.change")[0]).toMatchObject({
      before: { name: "Audited" },
      after: { name: "Audited Ltd" },
      origin: "127.0.0.1",
    });
    // One request is one thread through the services.
    const [create] = one("tenant.create");
    const thread = story.filter(({ requestId }) => requestId === create?.requestId);
    expect(thread.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["tenant.create", "stack.create", "operation.succeeded", "tenant.status"]),
    );
  });

  test("is exported and verified with nothing but the file and a head; what was done to a file is found", async () => {
    const [file, head] = [join(folder, "audit.jsonl"), join(folder, "audit.head")];
    await writeFile(head, (await berth("audit", "head", organization)).text);
    expect(await berth("audit", "export", organization, file)).toMatchObject({ code: 0 });
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
    const python = join(folder, "verify.py");
    await writeFile(python, await programOfTheDocs());

    const files: Array<[string, string[], RegExp]> = [
      ["as it was exported", lines, /is what it was/],
      ["another actor in the middle", edited(lines, "tenant.create", id.key), /was changed/],
      [
        "the operator's update left out",
        lines.filter((line) => !line.includes("pulumi-update")),
        /is missing/,
      ],
      ["cut after ten entries", lines.slice(0, 10), /it was cut/],
      [
        "two entries changed over",
        [...lines.slice(0, 3), ...lines.slice(3, 5).toReversed(), ...lines.slice(5)],
        /another order|is missing/,
      ],
      ["an entry of another organisation put in", [...lines, forged(lines)], /for which no head was named/],
    ];
    const rows: string[][] = [];
    for (const [what, content, message] of files) {
      const other = join(folder, "other.jsonl");
      await writeFile(other, `${content.join("\n")}\n`);
      const { code, text } = await berth("audit", "verify", other, "--head", head);
      expect(text, what).toMatch(message);
      const theirs = await run("python3", python, other, head);
      const isWhole = what === "as it was exported";
      expect(code, `${what}: ${text}`).toBe(isWhole ? 0 : 3);
      expect(theirs.text, what).toMatch(isWhole ? /^what it was$/m : /^(line \d+|the head) /m);
      expect(theirs.code, `${what}: ${theirs.text}`).toBe(isWhole ? 0 : 1);
      rows.push([
        what,
        `${code}`,
        text
          .trim()
          .split("\n")
          .at(code === 0 ? -1 : 0)
          ?.replace(`${folder}/`, "") ?? "",
      ]);
    }
    console.log(table(["the file", "ends with", "says"], rows));
  });
});

/** The lines with another actor in the one of an action. */
function edited(lines: string[], action: string, actor: string): string[] {
  const index = lines.findIndex((line) => line.includes(action) && line.includes(actor));
  expect(index).toBeGreaterThan(0);
  return lines.with(index, (lines[index] ?? "").replace(actor, "key_aaaaaaaaaaaaaaaa"));
}

/** An entry that hangs on no chain of the file. */
function forged(lines: string[]): string {
  return (lines[0] ?? "").replaceAll(organization, "org_aaaaaaaaaaaaaaaa");
}

/** The verifier that the docs give to whoever trusts no program of ours. */
async function programOfTheDocs(): Promise<string> {
  const docs = await readFile(join(projectRoot, "docs/audit.md"), "utf8");
  const [, program] = /```python\n([\s\S]*?)```/.exec(docs) ?? [];
  if (!program) throw new Error("docs/audit.md has no program.");
  return program;
}
