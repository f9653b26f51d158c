import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { noteOutsideUpdates } from "../../control-plane/provisioner/note-outside-updates.ts";
import {
  historyRoot,
  openStateStore,
  type StateStore,
  stateKeys,
} from "../../control-plane/provisioner/state/state-store.ts";
import { connectServer } from "../support/postgres.ts";
import { captureLog, withServices } from "./support.ts";
import { readyTenant } from "./worker.ts";

const t = withServices();
const server = connectServer(inject("postgres"));
const name = `pulumi_${randomBytes(4).toString("hex")}`;
const { log } = captureLog();
let state: StateStore;

beforeAll(async () => {
  await server.sql(`create database ${name}`);
  await server.sql(
    "create table pulumi_state (key text primary key, data jsonb not null, updated_at timestamptz not null default now())",
    [],
    name,
  );
  state = openStateStore(server.login("postgres", name));
});
afterAll(async () => {
  await state.close();
  await server.sql(`drop database ${name} with (force)`);
});

type Row = Record<string, unknown> & { actor: string; action: string; after: Record<string, unknown> };
const told = (tenant: string) =>
  t.rows<Row>(
    "instance",
    "select * from audit where tenant_id = $1 and action like 'stack.pulumi-%' order by id",
    [tenant],
  );
const note = (prefix = historyRoot, since = new Date(0)) =>
  noteOutsideUpdates({ ctx: t.worker, state, log }, prefix, since);

let last = 0;
/** Writes an entry of a stack's history, as Pulumi does, that ended `secondsAgo`. */
async function write(
  tenant: string,
  { kind = "cli", secondsAgo = 0, compressed = false, text, ...more }: Record<string, unknown> = {},
) {
  const now = Math.floor(Date.now() / 1000) - Number(secondsAgo);
  const entry = {
    ...{ kind: "update", startTime: now - 1, endTime: now, message: "by hand", result: "succeeded" },
    ...{ environment: { "exec.kind": kind }, resourceChanges: { same: 11 }, ...more },
  };
  const content = Buffer.from(typeof text === "string" ? text : JSON.stringify(entry));
  const key = `${stateKeys(tenant).history}${tenant}-${1_000 + last++}.history.json${compressed ? ".gz" : ""}`;
  await server.sql(
    "insert into pulumi_state (key, data) values ($1, jsonb_build_object('data', $2::text))",
    [key, (compressed ? gzipSync(content) : content).toString("base64")],
    name,
  );
}

describe("the audit is told of what people did with a Pulumi of their own", () => {
  test("once, however often and by however many it is looked for", async () => {
    const { tenant } = await readyTenant(t);
    await write(tenant.id, { message: "Bob: mended" });
    await Promise.all([note(), note(), note()]);
    await note();
    const rows = await told(tenant.id);
    expect(rows).toMatchObject([
      {
        actor: "operator:cli",
        action: "stack.pulumi-update",
        chain: t.staff.organization,
        before: { revision: 1, status: "ready" },
        after: { message: "Bob: mended", result: "succeeded", by: "cli", changes: { same: 11 } },
      },
    ]);
  });

  test("and of no run of an operation, but of one that only says it were", async () => {
    const { tenant } = await readyTenant(t);
    // It ended while the create worked on the stack.
    const [operation] = await t.rows<{ endTime: number }>(
      "instance",
      `select floor(extract(epoch from finished_at))::int as "endTime" from operations where tenant_id = $1`,
      [tenant.id],
    );
    await write(tenant.id, { kind: "auto.inline", ...operation });
    await note();
    expect(await told(tenant.id)).toEqual([]);
    await write(tenant.id, { kind: "auto.inline", secondsAgo: 3_600, message: "unseen?" });
    await note();
    expect(await told(tenant.id)).toMatchObject([
      { actor: "operator:auto.inline", after: { message: "unseen?" } },
    ]);
  });

  test("whatever another Pulumi writes: compressed, in another form, unreadable; one hides no other", async () => {
    const { tenant } = await readyTenant(t);
    await write(tenant.id, { text: "{ this is no JSON" });
    await write(tenant.id, { text: '{"kind":7,"environment":null}' });
    await write(tenant.id, { compressed: true, message: "compressed" });
    await write(tenant.id, { kind: "x".repeat(9_000), message: "y".repeat(9_000) });
    await note();
    const rows = await told(tenant.id);
    expect(rows.map(({ action }) => action)).toEqual([
      "stack.pulumi-unknown",
      "stack.pulumi-unknown",
      "stack.pulumi-update",
      "stack.pulumi-update",
    ]);
    expect(rows[2]?.after).toMatchObject({ message: "compressed" });
    expect(rows[3]?.actor.length).toBeLessThan(100);
    expect(String(rows[3]?.after.message)).toHaveLength(500);
  });

  test("but of no stack that the record does not know", async () => {
    const tenant = newId("ten");
    await write(tenant);
    await note();
    expect(await told(tenant)).toEqual([]);
  });

  test("and what was looked at is not looked at again", async () => {
    const { tenant } = await readyTenant(t);
    await write(tenant.id, { message: "first" });
    const upTo = await note();
    await server.sql("update pulumi_state set updated_at = $1", [new Date(upTo.getTime() - 1)], name);
    const { rows } = await state.history(historyRoot, upTo);
    expect(rows).toEqual([]);
    await write(tenant.id, { message: "second" });
    await note(stateKeys(tenant.id).history, upTo);
    expect((await told(tenant.id)).map(({ after }) => after.message)).toEqual(["first", "second"]);
  });
});
