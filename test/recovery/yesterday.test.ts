// PostgreSQL's record is restored to a time before what the tenants are now.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiError } from "../../control-plane/cli/api.ts";
import { connection } from "../../control-plane/database.ts";
import { readLogin } from "../../control-plane/login.ts";
import type { Verdict } from "../../control-plane/platform/check/judge.ts";
import { until } from "../../control-plane/until.ts";
import { type Made, openWorld, type World } from "../e2e/world.ts";
import { ask, berth, isAlive, leaveWitness, loseRecord, must } from "./scene.ts";

let world: World;
let file: string;
/** Was there and is; was there and was deleted since; was being made; was made since. */
let same: Made;
let left: Made;
let half: Made;
let newer: Made;
/** Of `newer`. */
let address: string;
let before: string[];

beforeAll(async () => {
  world = await openWorld();
  file = join(world.settings.dataDir, "..", `${world.settings.env}-yesterday.tar`);
  [same, left] = await Promise.all([world.create({ slug: "same" }), world.create({ slug: "left" })]);
  await whileAddressesWait(async () => {
    half = await ask(world, "half");
    await until(() => isRunning(half.operation.id), {
      what: "half to begin",
      deadlineMs: 60_000,
      everyMs: 50,
    });
    await must(world, "platform", "backup", file);
  });
  expect((await world.ended(half.operation.id)).status).toBe("succeeded");
  newer = await world.create({ slug: "newer" });
  for (const made of [same, half, newer]) await leaveWitness(world, made);
  await world.remove("left");
  [address = ""] = await addresses(newer);
  // One that does not run holds no address of the network, but it must still be its own.
  await world.docker("stop", newer.container);
  await loseRecord(world);
  before = await things();
});
afterAll(async () => {
  await rm(file, { force: true });
});

/** Holds operations up before they make anything of a tenant. */
async function whileAddressesWait(work: () => Promise<void>): Promise<void> {
  const client = new pg.Client(
    connection(await readLogin(world.settings, "instance_run", "instance"), "tests"),
  );
  await client.connect();
  await client.query("select pg_advisory_lock(7316202)");
  try {
    await work();
  } finally {
    await client.end();
  }
}

async function isRunning(id: string): Promise<boolean> {
  const { status } = await world
    .api<{ status: string }>("GET", `/instance/v1/operations/${id}`)
    .catch((error) => {
      if (error instanceof ApiError && error.status === 404) return { status: "not known yet" };
      throw error;
    });
  return status === "running";
}

async function addresses({ container }: Made): Promise<string[]> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAMConfig.IPv4Address}}{{end}}";
  return [await world.docker("inspect", "--format", format, container)];
}

/** Everything of tenants', by name; containers with their ids: one made anew would have another. */
async function things(): Promise<string[]> {
  const filters = ["--filter", `label=berth.env=${world.settings.env}`, "--filter", "label=berth.tenant"];
  const list = async (...args: string[]) => (await world.docker(...args)).split("\n");
  return [
    ...(await list("ps", "-a", "--no-trunc", ...filters, "--format", "{{.ID}} {{.Names}}")),
    ...(await list("volume", "ls", ...filters, "--format", "{{.Name}}")),
    ...(await list(
      ...["exec", "--user", "postgres", `berth-${world.settings.env}-postgres`],
      ...["psql", "-p", `${world.settings.postgresPort}`, "-Atqc"],
      "select oid || ' ' || datname from pg_database where datname ~ '^ten_' order by 1",
    )),
  ].toSorted();
}

test("what the record does not know, lacks or has otherwise is said tenant by tenant, after the restore and at any time", async () => {
  const told = await must(world, "platform", "restore", file);
  console.log(told.slice(told.indexOf("tenant  ")));
  expect(told).toContain("Nothing of these tenants is removed or made anew by itself.");
  const check = await berth(world, ["platform", "check", "--json"]);
  expect(check.code).toBe(3);
  const verdicts = JSON.parse(check.text) as Verdict[];
  const mine = [same, left, half, newer].map(({ tenant }) => tenant.id);
  const of = verdicts.filter(({ id }) => mine.includes(id));
  const seen = of.map(({ id, slug, record, verdict }) => [id, slug, record, verdict]);
  expect(seen.toSorted()).toEqual(
    [
      [same.tenant.id, "same", "ready", "as recorded"],
      [left.tenant.id, "left", "ready", "gone"],
      [half.tenant.id, "half", "creating", "not so in the record"],
      [newer.tenant.id, "newer", "-", "unknown"],
    ].toSorted(),
  );
  for (const { slug, verdict, sentence } of verdicts) {
    if (verdict === "as recorded") continue;
    expect(told).toContain(slug);
    expect(told).toContain(sentence);
  }
});

test("the control plane starts and touches nothing of what it does not know", async () => {
  await must(world, "start");
  const ended = await world.ended(half.operation.id);
  expect(ended).toMatchObject({ status: "failed", error: { code: "record_behind" } });
  expect(ended.error?.message).toContain("Run: bin/berth platform check");
  expect(await things()).toEqual(before);
  expect(await isAlive(world, half)).toBe(true);
  expect(await isAlive(world, same)).toBe(true);
});

test("trying again and deleting what people work in is refused, until somebody says otherwise by hand", async () => {
  const retry = await world.api<{ operation: { id: string } }>(
    "POST",
    `/instance/v1/operations/${half.operation.id}/retry`,
  );
  expect(await world.ended(retry.operation.id)).toMatchObject({
    status: "failed",
    error: { code: "record_behind" },
  });
  expect(await world.remove("half")).toMatchObject({ status: "failed", error: { code: "record_behind" } });
  expect(await things()).toEqual(before);
  expect(await isAlive(world, half)).toBe(true);
});

test("nobody new gets an unknown tenant's id, address or host", async () => {
  const other = await world.create({ slug: "other" });
  expect(other.tenant.id).not.toBe(newer.tenant.id);
  expect(await addresses(other)).not.toContain(address);
  const taken = await ask(world, "newer");
  expect(await world.ended(taken.operation.id)).toMatchObject({
    status: "failed",
    error: { code: "record_behind" },
  });
  await world.docker("start", newer.container);
  await until(() => isAlive(world, newer).catch(() => false), {
    what: "newer to serve",
    deadlineMs: 90_000,
    everyMs: 500,
  });
  expect((await things()).filter((name) => !name.includes(other.tenant.id))).toEqual(before);
});

test("one that was deleted since is deleted again, and the record is as things are", async () => {
  expect((await world.remove("left")).status).toBe("succeeded");
  const check = await berth(world, ["platform", "check"]);
  // `half` and `newer` still are what the record does not know them to be.
  expect(check.code).toBe(3);
  const lines = check.text.split("\n");
  const lineOf = (slug: string) => lines.find((line) => line.startsWith(`${slug} `));
  expect(lineOf("half")).toMatch(/ not so in the record$/);
  expect(lineOf("newer")).toMatch(/ unknown$/);
  for (const slug of ["same", "other"]) expect(lineOf(slug)).toMatch(/ as recorded$/);
  expect(lineOf("left")).toBeUndefined();
  expect(check.text).toMatch(/^\d+ of \d+ tenants are as recorded\.$/m);
});
