import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AuditEntry, type AuditHead, auditHead } from "../../control-plane/audit/entry.ts";
import { verifyExport } from "../../control-plane/audit/verify-export.ts";
import { createApi } from "../../control-plane/cli/api.ts";
import { staffEmail } from "../../control-plane/cli/ensure-staff.ts";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { createRun } from "../../control-plane/platform/run.ts";
import { berthVersion } from "../../control-plane/version.ts";
import { type Made, openWorld, type World } from "../e2e/world.ts";
import { table } from "../support/table.ts";
import { ask, berth, isAlive, killGroup, leaveWitness, loseRecord, must, psql } from "./scene.ts";

const run = createRun(process.env);
const quiet = "--non-interactive --color never --expect-no-changes";
let world: World;
let kept: Made;
let changed: Made;
let password: string;
let oldSession: string;
let file: string;
/** Of the chain `platform`, from before the backup. */
let head: AuditHead;
/** Names that `changed` had while the backup was made. */
const written: string[] = ["changed"];

beforeAll(async () => {
  world = await openWorld();
  const paths = dataPaths(world.settings.dataDir);
  file = join(world.settings.dataDir, "..", `${world.settings.env}.tar`);
  password = await readFile(paths.staffPassword, "utf8");
  oldSession = (await signIn()).token;
  [kept, changed] = await Promise.all([world.create({ slug: "kept" }), world.create({ slug: "changed" })]);
  await leaveWitness(world, kept);
  await leaveWitness(world, changed);
  await world.create({ slug: "gone" });
  await world.remove("gone");
  // Its host is somebody else's, so it cannot be made.
  await world.sql(
    "instance",
    "insert into routing.hosts values ('broken.localhost', 'ten_other', 'production')",
  );
  expect((await world.ended((await ask(world, "broken")).operation.id)).status).toBe("failed");
});

afterAll(async () => {
  await rm(file, { force: true });
  // A purge knows of the configs that `berth env` wrote by the data folder, which was lost in between.
  for (const { tenant } of [kept, changed])
    await rm(join(projectRoot, `Pulumi.${tenant.id}.yaml`), { force: true });
});

/** A tenant's line in what a restore and `platform check` print. */
const asRecorded = (slug: string) => new RegExp(`^${slug} .* as recorded$`, "m");

interface Named {
  tenant: { name: string };
}

function signIn(): Promise<{ token: string }> {
  const body = { email: staffEmail(world.settings), password };
  return createApi(world.settings)("POST", "/user/v1/sessions", body);
}

async function rename(name: string): Promise<void> {
  await world.api("PATCH", "/tenant/v1/tenants/changed", { name });
  written.push(name);
}

test("a backup is made while everything runs and is written to, and says of itself that it is whole", async () => {
  head = auditHead.parse(JSON.parse(await must(world, "audit", "head", "platform")));
  let done = false;
  const backup = must(world, "platform", "backup", file).finally(() => {
    done = true;
  });
  for (let n = 0; !done; n++) await rename(`changed ${n}`);
  const told = await backup;
  expect(told).toContain(`is in ${file}`);
  expect(told).toContain("Tenants' own databases and files are not in it.");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const verified = await must(world, "platform", "backup", "--verify", file);
  expect(verified).toContain(`${file} is whole`);
  expect(verified).toMatch(/the record of \d+ tenants/);
});

test("a restore refuses while the control plane runs, a full data folder, and databases that are there", async () => {
  const { dataDir, apiPort } = world.settings;
  const running = await berth(world, ["platform", "restore", file]);
  expect(running).toMatchObject({ code: 1 });
  expect(running.text).toContain(`Port ${apiPort} is taken`);
  await must(world, "stop");
  const full = await berth(world, ["platform", "restore", file]);
  expect(full).toMatchObject({ code: 1 });
  expect(full.text).toContain(`The data folder ${dataDir} is not empty`);
  const elsewhere = { ...world, env: { ...world.env, BERTH_DATA_DIR: `${dataDir}-other` } };
  const there = await berth(elsewhere, ["platform", "restore", file]);
  expect(there).toMatchObject({ code: 1 });
  expect(there.text).toContain("still has databases of the control plane (auth, instance, pulumi, tenant)");
  await expect(stat(`${dataDir}-other`), "nothing was made").rejects.toThrow(/ENOENT/);
  const other = { ...world, env: { ...elsewhere.env, BERTH_DOMAIN: "elsewhere.example" } };
  expect((await berth(other, ["platform", "restore", file])).text).toContain("BERTH_DOMAIN=localhost");
});

test("a data folder without room for what is restored is said to have none, and no database was touched", async () => {
  const dataDir = `${world.settings.dataDir}-small`;
  const elsewhere = { ...world, env: { ...world.env, BERTH_DATA_DIR: dataDir } };
  await mkdir(dataDir);
  await run("mount", ["-t", "tmpfs", "-o", "size=40k", "tmpfs", dataDir]);
  try {
    const { code, text } = await berth(elsewhere, ["platform", "restore", file, "--keep-databases"]);
    expect(code).toBe(1);
    expect(text).toContain(
      `There is not enough space for the data folder ${dataDir}, which is restored in part`,
    );
  } finally {
    await run("umount", [dataDir]);
    await rm(dataDir, { recursive: true });
  }
});

test("into an empty data folder and a server without its databases, killed twice on the way", async () => {
  await loseRecord(world);
  const restoreUntil = (end: string) =>
    berth(world, ["platform", "restore", file], (line, child) => {
      if (line.includes(end)) killGroup(child);
    });
  expect((await restoreUntil("database auth is filled")).code).toBeNull();
  const half = await berth(world, ["start"]);
  expect(half).toMatchObject({ code: 1 });
  expect(half.text).toContain(`was begun and not finished. Run it again: bin/berth platform restore ${file}`);
  const otherwise = await berth(world, ["platform", "restore", file, "--keep-databases"]);
  expect(otherwise).toMatchObject({ code: 1 });
  expect(otherwise.text).toContain("was begun here: finish it without --keep-databases");
  expect((await restoreUntil("all databases are the backup's")).code).toBeNull();
  // As if it had been killed a moment later: nothing that was set aside is left to tell how far it came.
  const aside = await psql(world, "select datname from pg_database where datname ~ '_before_'");
  for (const name of aside.split("\n").filter(Boolean)) await psql(world, `drop database ${name}`);
  const told = await must(world, "platform", "restore", file);
  expect(told).not.toContain("is filled");
  for (const slug of ["broken", "changed", "kept"]) expect(told).toMatch(asRecorded(slug));
  expect(await psql(world, "select datname from pg_database where datname ~ '_(restoring|before_)'")).toBe(
    "",
  );
  await must(world, "start");
});

test("every stack's preview sees no change, the platform's too", async () => {
  const stacks = JSON.parse(await must(world, "stacks", "--json")) as Array<{ slug: string; status: string }>;
  const rows: string[][] = [];
  // Other files may have left theirs.
  const mine = stacks.filter(({ slug }) => ["broken", "changed", "gone", "kept"].includes(slug));
  const bySlug = mine.toSorted((one, other) => one.slug.localeCompare(other.slug));
  for (const { slug, status } of bySlug)
    rows.push([slug, status, await preview(slug, ""), await preview(slug, "--refresh")]);
  rows.push(["(platform)", "", await platformPreview(""), await platformPreview("--refresh")]);
  console.log(table(["tenant", "status", "preview", "preview --refresh"], rows));
  expect(rows).toEqual([
    // Nothing of it was ever made, and the command line says so.
    ["broken", "failed", "no stack", "no stack"],
    ["changed", "ready", "no change", "no change"],
    ["kept", "ready", "no change", "no change"],
    ["(platform)", "", "no change", "no change"],
  ]);
});

async function preview(slug: string, refresh: string): Promise<string> {
  const { text } = await berth(world, ["env", slug]);
  if (text.includes(`The tenant "${slug}" was not ready yet`)) return "no stack";
  return verdict(await world.cli(slug, `pulumi preview ${refresh} ${quiet}`));
}

function verdict({ code, output }: { code: number; output: string }): string {
  return code === 0 ? "no change" : output;
}

async function platformPreview(refresh: string): Promise<string> {
  const { platformState, passphrase } = dataPaths(world.settings.dataDir);
  const set = `export PULUMI_BACKEND_URL=file://${platformState} PULUMI_CONFIG_PASSPHRASE_FILE=${passphrase}`;
  const command = `pulumi preview -s ${world.settings.env} ${refresh} ${quiet}`;
  const folder = join(projectRoot, "stacks/platform");
  return verdict(await world.cli("kept", `${set}; unset PULUMI_STACK; cd ${folder}; ${command}`));
}

test("people sign in with the passwords they had, and the key works; a session of before does not", async () => {
  const { token } = await signIn();
  const me = await createApi(world.settings, token)<{ account: { email: string } }>(
    "GET",
    "/user/v1/sessions/current",
  );
  expect(me.account.email).toBe(staffEmail(world.settings));
  await expect(
    createApi(world.settings, oldSession)("GET", "/user/v1/sessions/current"),
  ).rejects.toMatchObject({
    status: 401,
  });
  const { tenant } = await world.api<Named>("GET", "/tenant/v1/tenants/changed");
  expect(written).toContain(tenant.name);
});

test("the audit tells of the restore, and hangs together with what a head of before the backup vouches for", async () => {
  const exported = `${file}.audit`;
  await must(world, "audit", "export", "platform", exported);
  const lines = (await readFile(exported, "utf8")).trimEnd().split("\n");
  await rm(exported);
  const { flaws, chains } = await verifyExport(Readable.from(lines.map((line) => Buffer.from(line))), [head]);
  expect(flaws).toEqual([]);
  for (const { service, vouched } of chains) expect(vouched).toBe(head.heads[service]?.position ?? 0);
  const told = lines
    .map((line) => JSON.parse(line) as AuditEntry)
    // Other files restore, too, and what is here has them for long.
    .filter(({ position, service }) => position > (head.heads[service]?.position ?? 0))
    .filter(({ action }) => action === "platform.restore");
  expect(told.map(({ service }) => service).toSorted()).toEqual(["instance", "tenant", "user"]);
  for (const entry of told) {
    expect(entry).toMatchObject({ actor: "operator:cli", target: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(entry.requestId).toMatch(/^restore:[0-9a-f-]{36}$/);
    expect(entry.after).toMatchObject({ takenAt: expect.any(String), version: await berthVersion() });
  }
  expect(new Set(told.map(({ requestId }) => requestId)).size).toBe(1);
});

test("tenants work as before, and new ones are made, changed and deleted", async () => {
  expect(await isAlive(world, kept)).toBe(true);
  expect(await isAlive(world, changed)).toBe(true);
  await world.create({ slug: "after" });
  expect((await world.remove("after")).status).toBe("succeeded");
  expect((await world.remove("broken")).status).toBe("succeeded");
  await rename("changed after all");
  const { tenant } = await world.api<Named>("GET", "/tenant/v1/tenants/changed");
  expect(tenant.name).toBe("changed after all");
});

test("where only the data folder was lost, the databases that are there stay, newer than the backup as they are", async () => {
  await must(world, "stop");
  await rm(world.settings.dataDir, { recursive: true });
  const told = await must(world, "platform", "restore", file, "--keep-databases");
  expect(told).toContain("Its databases stay as they are.\nSo do sessions, keys, members and staff.");
  expect(told).not.toContain("signs in anew");
  for (const slug of ["changed", "kept"]) expect(told).toMatch(asRecorded(slug));
  await must(world, "start");
  const { tenant } = await world.api<Named>("GET", "/tenant/v1/tenants/changed");
  expect(tenant.name).toBe("changed after all");
  expect(await preview("changed", "--refresh")).toBe("no change");
});

test("where the backup's databases take the place of others, those are kept under other names", async () => {
  await must(world, "stop");
  await rm(world.settings.dataDir, { recursive: true });
  const { text } = await berth(world, ["platform", "restore", file, "--replace-databases"]);
  expect(text).toContain("is restored as it was at");
  expect(text).toContain("Everybody signs in anew.");
  const aside = [...text.matchAll(/what was the database (\w+) is kept as (\w+)/g)];
  expect(aside.map(([, name]) => name).toSorted()).toEqual(["auth", "instance", "pulumi", "tenant"]);
  for (const [, , name = ""] of aside) await psql(world, `drop database ${name}`);
  await must(world, "start");
  const { tenant } = await world.api<Named>("GET", "/tenant/v1/tenants/changed");
  expect(written.slice(0, -1)).toContain(tenant.name);
  expect(await isAlive(world, kept)).toBe(true);
});
