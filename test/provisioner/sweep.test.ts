import { existsSync } from "node:fs";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { readLogin } from "../../control-plane/login.ts";
import {
  openStateStore,
  type StateStore,
  stateKeys,
} from "../../control-plane/provisioner/state/state-store.ts";
import { sweepStacks } from "../../control-plane/provisioner/sweep-stacks.ts";
import { asLogin, log, openRecord, settings, type TestRecord } from "./support.ts";

let record: TestRecord;
let state: StateStore;
let workDir: string;
beforeAll(async () => {
  record = await openRecord();
  state = openStateStore(await readLogin(settings, "pulumi", "pulumi"));
  workDir = await mkdtemp(join(tmpdir(), "berth-sweep-"));
});
afterAll(async () => {
  await state?.close();
  await record?.close();
  await rm(workDir, { recursive: true, force: true });
});

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);

async function put(key: string, text: string, at: Date): Promise<void> {
  const data = JSON.stringify({ data: Buffer.from(text).toString("base64") });
  await asLogin("pulumi", "pulumi", (client) =>
    client.query("insert into pulumi_state (key, data, updated_at) values ($1, $2, $3)", [key, data, at]),
  );
}

/** A stack that was made ahead and never noted: its row and its config file. */
async function unnoted(at: Date, resources: object[] = []): Promise<{ id: string; file: string }> {
  const id = newId("ten");
  await put(stateKeys(id).checkpoint, JSON.stringify({ checkpoint: { latest: { resources } } }), at);
  return { id, file: await config(id, at) };
}

async function config(id: string, at: Date, ending = ""): Promise<string> {
  const file = join(workDir, `Pulumi.${id}.yaml${ending}`);
  await writeFile(file, "encryptionsalt: v1:\n");
  await utimes(file, at, at);
  return file;
}

const rows = async (id: string) => (await state.list(stateKeys(id).stack)).length;
const sweep = () => sweepStacks({ ctx: record.ctx, state, host: hostname(), workDir, log });

test("what was made ahead and never noted goes once it is old, config files included", async () => {
  const old = await unnoted(ago(90));
  const young = await unnoted(ago(5));
  const onlyFile = await config(newId("ten"), ago(90));
  const halfWritten = await config(newId("ten"), ago(90), ".b7d0");
  await sweep();
  expect([await rows(old.id), await rows(young.id)]).toEqual([0, 1]);
  expect([old.file, young.file, onlyFile, halfWritten].map(existsSync)).toEqual([false, true, false, false]);
  await state.remove([stateKeys(young.id).checkpoint]);
});

test("a tenant's stack stays when the record does not know it, as after the restore of an older record", async () => {
  const tenant = await unnoted(ago(3_600), [
    { urn: "urn:pulumi:t::berth::pulumi:pulumi:Stack::berth-t", type: "pulumi:pulumi:Stack" },
  ]);
  await sweep();
  expect(await rows(tenant.id)).toBe(1);
  expect(existsSync(tenant.file)).toBe(true);
  await state.remove([stateKeys(tenant.id).checkpoint]);
});

test("a lock tells at once: one of a dead process is no reason to wait, one of a living process is", async () => {
  const lockOf = (pid: number, since: Date) =>
    JSON.stringify({ pid, username: "root", hostname: hostname(), timestamp: since.toISOString() });
  const dead = await unnoted(ago(5));
  const alive = await unnoted(ago(90));
  // A process that began after the lock was taken has only its owner's number.
  await put(`${stateKeys(dead.id).locks}a.json`, lockOf(process.pid, ago(86_400)), ago(5));
  await put(`${stateKeys(alive.id).locks}a.json`, lockOf(process.pid, new Date()), ago(90));
  await sweep();
  expect([await rows(dead.id), await rows(alive.id)]).toEqual([0, 1]);
  expect([dead.file, alive.file].map(existsSync)).toEqual([false, true]);
  await state.remove([stateKeys(alive.id).checkpoint, `${stateKeys(alive.id).locks}a.json`]);
});

test("a stack that the record knows stays, however old it is", async () => {
  const { tenantId } = await record.want("known-to-all", { tenantId: newId("ten") });
  await put(stateKeys(tenantId).checkpoint, "{}", ago(3_600));
  const file = await config(tenantId, ago(3_600));
  await sweep();
  expect(await rows(tenantId)).toBe(1);
  expect(existsSync(file)).toBe(true);
  // Whoever comes next finds nothing of it to work on but its removal.
  await state.remove([stateKeys(tenantId).checkpoint]);
  await record.unwant(tenantId);
});
