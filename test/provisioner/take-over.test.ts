import { type ChildProcess, fork, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { provisionerTag, workerTag } from "../../control-plane/provisioner/processes/identity.ts";
import { taggedProcesses } from "../../control-plane/provisioner/processes/scan.ts";
import { until } from "../../control-plane/until.ts";
import {
  asLogin,
  everything,
  found,
  nothing,
  openRecord,
  provisioner,
  run,
  settings,
  type TestRecord,
} from "./support.ts";

let record: TestRecord;
const children: ChildProcess[] = [];

beforeAll(async () => {
  record = await openRecord();
});
afterAll(() => record.close());
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A provisioner in a process of its own. */
async function killable(): Promise<ChildProcess> {
  const options = {
    settings,
    tools: inject("provisionerTools"),
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" },
  };
  const child = fork(join(import.meta.dirname, "provisioner-process.ts"), [JSON.stringify(options)], {
    execArgv: [],
  });
  children.push(child);
  const [said] = (await Promise.race([once(child, "message"), once(child, "exit")])) as [unknown];
  expect(said).toBe("ready");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

const ours = async () =>
  (await taggedProcesses(provisionerTag)).filter(({ tag }) => tag.startsWith(`${settings.env}/`));

/** Resolves once the tenant's database is there: in the middle of a create. */
const databaseIsThere = (name: string) =>
  asLogin("provisioner", "postgres", (client) =>
    until(
      async () =>
        ((await client.query("select from pg_database where datname = $1", [name])).rowCount ?? 0) > 0,
      {
        what: `database ${name}`,
        deadlineMs: 60_000,
        everyMs: 5,
      },
    ),
  );

test("what a killed provisioner was making is finished by the next, and no process of it is left", async () => {
  const first = await killable();
  const tenant = await record.want("orphaned");
  await databaseIsThere(tenant.database);
  await kill(first);
  const next = await provisioner();
  try {
    expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded", attempt: 2 });
    expect((await record.steps(tenant.operation)).map(({ name }) => name)).toContain("take over");
    expect(await found(tenant)).toEqual(everything);
    const tags = new Set((await ours()).map(({ tag }) => tag));
    expect(tags.size).toBe(1);
    expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
    expect(await found(tenant)).toEqual(nothing);
  } finally {
    await next.stop();
  }
  expect(await ours()).toEqual([]);
});

test("modules that a killed provisioner was loading are loaded anew by the next", async () => {
  const first = await killable();
  const tenant = await record.want("half-loaded", { odoo: { modules: ["contacts"] } });
  await databaseIsThere(tenant.database);
  await asLogin("provisioner", tenant.database, (client) =>
    until(
      async () =>
        (await client.query("select from ir_module_module where name = 'mail' and state = 'installed'"))
          .rowCount === 1,
      { what: "the first of the modules", deadlineMs: 60_000, everyMs: 20 },
    ),
  );
  const which = () =>
    asLogin("provisioner", "postgres", async (client) => {
      const sql = "select oid from pg_database where datname = $1";
      return (await client.query<{ oid: string }>(sql, [tenant.database])).rows[0]?.oid;
    });
  const spoilt = await which();
  await kill(first);
  const next = await provisioner();
  try {
    expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded", attempt: 2 });
    // Odoo goes on in a half loaded database only by luck.
    expect(await which()).not.toBe(spoilt);
    const { rows } = await asLogin("provisioner", tenant.database, (client) =>
      client.query("select state from ir_module_module where name = 'contacts'"),
    );
    expect(rows).toEqual([{ state: "installed" }]);
    expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
  } finally {
    await next.stop();
  }
});

test("a killed worker's operation goes on in another one", async () => {
  const running = await provisioner();
  try {
    const tenant = await record.want("worked");
    await databaseIsThere(tenant.database);
    const cli = await engineOf(tenant.tenantId);
    const workers = await taggedProcesses(workerTag);
    const victim = workers.find(
      ({ tag, pid }) => tag === cli.tag && commandOf(pid).includes("engine/worker.ts"),
    );
    process.kill(victim?.pid ?? 0, "SIGKILL");
    expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded", attempt: 1 });
    expect((await taggedProcesses(workerTag)).filter(({ tag }) => tag === cli.tag)).toEqual([]);
    expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
  } finally {
    await running.stop();
  }
});

test("what was broken off again and again is given up, and says what it leaves", async () => {
  const tenant = await record.want("hopeless");
  await asLogin("instance_run", "instance", (client) =>
    client.query("update operations set attempt = 6 where id = $1", [tenant.operation]),
  );
  const running = await provisioner();
  try {
    const ended = await record.ended(tenant.operation);
    expect(ended).toMatchObject({ status: "failed", error: { code: "interrupted" } });
    expect(ended.error?.message).toMatch(/begun 6 times .* still there: try again, or delete the tenant/);
    expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
    expect(await found(tenant)).toEqual(nothing);
  } finally {
    await running.stop();
  }
});

test("a provisioner that stops gives back what it cannot finish, and the next goes on with it", async () => {
  const first = await provisioner({ stopMs: 0 });
  const tenant = await record.want("handed");
  await databaseIsThere(tenant.database);
  await first.stop();
  const next = await provisioner();
  try {
    expect(await record.ended(tenant.operation)).toMatchObject({ status: "succeeded", attempt: 2 });
    expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
  } finally {
    await next.stop();
  }
});

/** Puts a lock on a stack as the pulumi command does. */
async function lock(tenantId: string, pid: number, since = new Date()): Promise<string> {
  const key = `pulumi/.pulumi/locks/organization/berth/${tenantId}/${randomUUID()}.json`;
  const text = JSON.stringify({
    pid,
    username: "operator",
    hostname: hostname(),
    timestamp: since.toISOString(),
  });
  await asLogin("pulumi", "pulumi", (client) =>
    client.query("insert into pulumi_state (key, data) values ($1, $2)", [
      key,
      JSON.stringify({ data: Buffer.from(text).toString("base64") }),
    ]),
  );
  return key;
}

test("a lock whose owner is dead is cleared; one of a living process is waited for, and named when it stays", async () => {
  const running = await provisioner({ lockMs: 3_000 });
  const operator = spawn("sleep", ["3600"]);
  children.push(operator);
  try {
    const tenant = await record.want("locked");
    expect((await record.ended(tenant.operation)).status).toBe("succeeded");

    await lock(tenant.tenantId, operator.pid ?? 0, new Date(Date.now() - 3_600_000));
    const afterDead = await record.want("locked", { tenantId: tenant.tenantId, revision: 2 });
    expect((await record.ended(afterDead.operation)).status).toBe("succeeded");

    const key = await lock(tenant.tenantId, operator.pid ?? 0);
    const waiting = await record.want("locked", { tenantId: tenant.tenantId, revision: 3 });
    const step = await record.stepBegun(waiting.operation, /lock/);
    expect(step.detail).toMatch(new RegExp(`operator@${hostname()}, process ${operator.pid}`));
    const refused = await record.ended(waiting.operation);
    expect(refused).toMatchObject({ status: "failed", error: { code: "stack_locked" } });
    expect(refused.error?.message).toContain(`process ${operator.pid}`);

    const patient = await record.want("locked", { tenantId: tenant.tenantId, revision: 4 });
    await record.stepBegun(patient.operation, /lock/);
    await asLogin("pulumi", "pulumi", (client) =>
      client.query("delete from pulumi_state where key = $1", [key]),
    );
    expect((await record.ended(patient.operation)).status).toBe("succeeded");
    expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
  } finally {
    await running.stop();
  }
});

test("PostgreSQL going away while a lock is waited for is not taken for the lock", async () => {
  const running = await provisioner({ lockMs: 60_000 });
  const operator = spawn("sleep", ["3600"]);
  children.push(operator);
  try {
    const tenant = await record.want("locked-out");
    expect((await record.ended(tenant.operation)).status).toBe("succeeded");
    const key = await lock(tenant.tenantId, operator.pid ?? 0);
    const waiting = await record.want("locked-out", { tenantId: tenant.tenantId, revision: 2 });
    await record.stepBegun(waiting.operation, /lock/);
    await run("docker", ["restart", "-t", "0", `berth-${settings.env}-postgres`]);
    const removed = () =>
      asLogin("pulumi", "pulumi", (client) =>
        client.query("delete from pulumi_state where key = $1", [key]),
      ).then(
        () => true,
        () => false,
      );
    await until(removed, { what: "PostgreSQL to be back", deadlineMs: 30_000, everyMs: 250 });
    expect(await record.ended(waiting.operation)).toMatchObject({ status: "succeeded" });
    expect((await record.ended(await record.unwant(tenant.tenantId))).status).toBe("succeeded");
  } finally {
    await running.stop();
  }
});

test("a run that hangs after its lease was lost keeps nobody else waiting", async () => {
  const running = await provisioner();
  try {
    const stuck = await record.want("stuck");
    const engine = await engineOf(stuck.tenantId);
    // It neither goes on nor ends when it is asked to; only SIGKILL, after its grace, ends it.
    process.kill(engine.pid, "SIGSTOP");
    await asLogin("instance_run", "instance", (client) =>
      client.query("delete from leases where tenant_id = $1", [stuck.tenantId]),
    );
    const free = await record.want("free");
    expect((await record.ended(free.operation, 15_000)).status).toBe("succeeded");
    expect(commandOf(engine.pid)).toContain(stuck.tenantId);
    process.kill(engine.pid, "SIGKILL");
    expect((await record.ended(stuck.operation)).status).toBe("succeeded");
    for (const { tenantId } of [stuck, free])
      expect((await record.ended(await record.unwant(tenantId))).status).toBe("succeeded");
  } finally {
    await running.stop();
  }
});

/** The process of Pulumi's engine that works on a stack. */
function engineOf(tenantId: string) {
  return until(
    async () => (await taggedProcesses(workerTag)).find(({ pid }) => commandOf(pid).includes(tenantId)),
    { what: "the engine's process", deadlineMs: 10_000, everyMs: 10 },
  );
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
