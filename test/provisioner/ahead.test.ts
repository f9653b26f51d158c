import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../control-plane/until.ts";
import {
  asLogin,
  everything,
  found,
  nothing,
  openRecord,
  provisioner,
  settings,
  type TestRecord,
} from "./support.ts";

let running: Awaited<ReturnType<typeof provisioner>>;
let record: TestRecord;
beforeAll(async () => {
  running = await provisioner();
  record = await openRecord();
});
afterAll(async () => {
  await record?.close();
  await running?.stop();
});

/** Processes that run `pulumi up` on a stack. */
function enginesOf(tenantId: string): number[] {
  return readdirSync("/proc")
    .filter((pid) => isEngineOf(pid, tenantId))
    .map(Number);
}

function isEngineOf(pid: string, tenantId: string): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return basename(readlinkSync(`/proc/${pid}/exe`)) === "pulumi" && command.includes(tenantId);
  } catch {
    return false;
  }
}

/** Stacks that wait for a tenant, once an engine waits for each. */
async function ready(): Promise<Array<{ tenantId: string; engine: number }>> {
  return until(
    async () => {
      const { rows } = await record.ctx.db.execute<{ id: string }>(
        sql`select tenant_id as id from stacks where status = 'reserved' order by created_at, tenant_id`,
      );
      const all = rows.flatMap(({ id }) => enginesOf(id).map((engine) => ({ tenantId: id, engine })));
      return all.length === settings.reserve ? all : undefined;
    },
    { what: "engines that wait", deadlineMs: 60_000, everyMs: 100 },
  );
}

/** What Pulumi's state holds of a stack: its keys, locks and history among them. */
async function keysOf(tenantId: string): Promise<string[]> {
  const { rows } = await asLogin("pulumi", "pulumi", (client) =>
    client.query<{ key: string }>("select key from pulumi_state where key like $1 order by key", [
      `%${tenantId}%`,
    ]),
  );
  return rows.map(({ key }) => key);
}

/** The salt of a stack's secrets, in Pulumi's state and in our record. */
async function saltsOf(tenantId: string): Promise<{ state: string; record: string }> {
  const { rows } = await asLogin("pulumi", "pulumi", (client) =>
    client.query<{ text: string }>(
      `select convert_from(decode(data->>'data', 'base64'), 'UTF8') as text from pulumi_state where key like $1`,
      [`%/stacks/%${tenantId}.json`],
    ),
  );
  const { checkpoint } = JSON.parse(rows[0]?.text ?? "");
  const kept = await record.ctx.db.execute<{ salt: string }>(
    sql`select salt from stacks where tenant_id = ${tenantId}`,
  );
  return { state: checkpoint.latest.secrets_providers.state.salt, record: kept.rows[0]?.salt ?? "" };
}

async function updateOf(tenantId: string): Promise<{ startTime: number; endTime: number; result: string }> {
  const { rows } = await asLogin("pulumi", "pulumi", (client) =>
    client.query<{ text: string }>(
      `select convert_from(decode(data->>'data', 'base64'), 'UTF8') as text from pulumi_state
       where key like $1`,
      [`%/history/%${tenantId}/%.history.json`],
    ),
  );
  expect(rows).toHaveLength(1);
  return JSON.parse(rows[0]?.text ?? "");
}

/** Waits until a process has nothing more to do: its CPU time stays what it is. */
async function untilStill(pid: number): Promise<void> {
  const ticks = () => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14).join(" ");
  };
  let before = "";
  const isStill = () => {
    const now = ticks();
    const same = now === before;
    before = now;
    return same;
  };
  await until(isStill, { what: `process ${pid} to wait`, deadlineMs: 30_000, everyMs: 500 });
}

test("an engine that waits holds nothing of its stack: no lock, no history, a state row is all there is", async () => {
  for (const { tenantId, engine } of await ready()) {
    await untilStill(engine);
    for (const key of await keysOf(tenantId))
      expect(key).toMatch(/stacks\/berth\/ten_[a-z0-9]+\.json(\.bak)?$/);
  }
});

test("it goes on for its tenant, and the stack's history begins when the work does", async () => {
  const [first] = await ready();
  const before = Math.floor(Date.now() / 1000);
  const tenant = await record.want("ahead", { tenantId: first?.tenantId });
  await record.stepBegun(tenant.operation, /role/);
  expect(enginesOf(tenant.tenantId)).toEqual([first?.engine]);
  expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded", attempt: 1 });
  expect(await found(tenant)).toEqual(everything);
  expect(enginesOf(tenant.tenantId)).toEqual([]);
  const { state, record: kept } = await saltsOf(tenant.tenantId);
  expect(state).toBe(kept);
  const update = await updateOf(tenant.tenantId);
  expect(update.result).toBe("succeeded");
  expect(update.startTime).toBeGreaterThanOrEqual(before);
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
});

test("one that was killed while it waited is replaced, for a tenant who comes at once as well", async () => {
  const [first, second] = await ready();
  for (const stack of [first, second]) process.kill(stack?.engine ?? 0, "SIGKILL");
  const tenant = await record.want("killed", { tenantId: first?.tenantId });
  expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded" });
  expect(await found(tenant)).toEqual(everything);
  const again = await ready();
  expect(again.map(({ tenantId }) => tenantId)).toContain(second?.tenantId);
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
  expect(await found(tenant)).toEqual(nothing);
});

test("those that wait lose their connections to PostgreSQL and go on all the same", async () => {
  const [first] = await ready();
  await asLogin("provisioner", "postgres", (client) =>
    client.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'pulumi'"),
  );
  const tenant = await record.want("cut", { tenantId: first?.tenantId });
  await record.stepBegun(tenant.operation, /role/);
  expect(enginesOf(tenant.tenantId)).toEqual([first?.engine]);
  expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded" });
  expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
});

test("a tenant who is gone before an engine began leaves none behind", async () => {
  const [first] = await ready();
  const tenant = await record.want("gone", { tenantId: first?.tenantId });
  const removal = await record.unwant(tenant.tenantId);
  await record.ended(tenant.operation);
  expect((await record.ended(removal)).status).toBe("succeeded");
  expect(await found(tenant)).toEqual(nothing);
  await until(() => enginesOf(tenant.tenantId).length === 0, {
    what: "the engine's end",
    deadlineMs: 10_000,
    everyMs: 50,
  });
});
