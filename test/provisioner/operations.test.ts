import { readFile } from "node:fs/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { enqueueOperation } from "../../control-plane/instance/enqueue-operation.ts";
import type { OperationKind } from "../../control-plane/instance/operation-status.ts";
import { readStack } from "../../control-plane/instance/read-stack.ts";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { names } from "../../stacks/tenant/names.ts";
import {
  asLogin,
  everything,
  found,
  nothing,
  openRecord,
  paths,
  provisioner,
  run,
  settings,
  type TestRecord,
} from "./support.ts";

let running: Awaited<ReturnType<typeof provisioner>>;
let record: TestRecord;
let tenant: Awaited<ReturnType<TestRecord["want"]>>;

beforeAll(async () => {
  running = await provisioner();
  record = await openRecord();
  tenant = await record.want("acme");
});
afterAll(async () => {
  await record?.close();
  await running?.stop();
});

/** Asks for an operation that needs no new spec. */
async function ask(kind: OperationKind): Promise<string> {
  const id = newId("op");
  await record.ctx.db.transaction((tx) =>
    enqueueOperation(tx, record.ctx, {
      id,
      tenantId: tenant.tenantId,
      kind,
      instance: "production",
      specRevision: 1,
      actor: "test",
    }),
  );
  return id;
}

/** The stack's checkpoint as Pulumi's backend has it. */
function checkpoint(): Promise<string> {
  return asLogin("pulumi", "pulumi", async (client) => {
    const { rows } = await client.query<{ data: string }>(
      "select data->>'data' as data from pulumi_state where key like $1",
      [`%/stacks/berth/${tenant.tenantId}.json`],
    );
    return Buffer.from(rows[0]?.data ?? "", "base64").toString("utf8");
  });
}

test("a create becomes steps and ends when the login page answers", async () => {
  expect(await record.ended(tenant.operation)).toMatchObject({
    status: "succeeded",
    error: null,
    attempt: 1,
  });
  const steps = await record.steps(tenant.operation);
  expect(steps.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      "role",
      "database",
      "ownership",
      "files",
      "container",
      "route",
      "wait for the login page",
    ]),
  );
  expect(steps.filter(({ status }) => status !== "succeeded")).toEqual([]);
  expect(await found(tenant)).toEqual(everything);
  const page = await run("curl", [
    "-s",
    "-o",
    "/dev/null",
    "-w",
    "%{http_code}",
    "-H",
    "Host: acme.localhost",
    `http://127.0.0.1:${settings.httpPort}/web/login`,
  ]);
  expect(page).toBe("200");
});

test("the first readiness notes which database it is", async () => {
  const stack = await readStack(record.ctx, tenant.tenantId);
  const { rows } = await asLogin("provisioner", tenant.database, (client) =>
    client.query<{ value: string }>("select value from ir_config_parameter where key = 'database.uuid'"),
  );
  expect(stack.readyAt).toBeInstanceOf(Date);
  expect(stack.instances[0]?.identity).toBe(rows[0]?.value);
});

test("config and state hold secrets as ciphertext only, and no login of the platform at all", async () => {
  const { secrets } = await readStack(record.ctx, tenant.tenantId);
  const password = secrets?.instances.production?.databasePassword ?? "";
  const config = await readFile(`${paths.stacks}/Pulumi.${tenant.tenantId}.yaml`, "utf8");
  const state = await checkpoint();
  expect(password).not.toBe("");
  expect(state).toContain(tenant.container);
  const logins = await Promise.all(
    (["provisioner", "pulumi", "router"] as const).map((login) =>
      readFile(paths.loginPassword(login), "utf8"),
    ),
  );
  for (const secret of [password, ...logins.map((text) => text.trim())]) {
    expect(config).not.toContain(secret);
    expect(state).not.toContain(secret);
  }
  expect(state).not.toMatch(/"(password|username|host)":"(provisioner|127\.0\.0\.1)"/);
});

test("a check tells what differs and changes nothing", async () => {
  const redis = new Redis({
    port: settings.redisPort,
    password: (await readFile(paths.redisPassword, "utf8")).trim(),
  });
  const key = `traefik/http/services/${tenant.router}/loadBalancer/servers/0/url`;
  try {
    const same = await ask("check");
    expect((await record.ended(same)).status).toBe("succeeded");
    const target = await redis.get(key);
    await redis.set(key, "http://10.0.0.1:1");
    const drifted = await ask("check");
    expect((await record.ended(drifted)).status).toBe("succeeded");
    expect(await redis.get(key)).toBe("http://10.0.0.1:1");
    const { rows } = await asLogin("instance_run", "instance", (client) =>
      client.query<{ id: string; changes: Record<string, number>; differences: unknown[] }>(
        "select operation_id as id, data->'check'->'changes' as changes, data->'check'->'differences' as differences from operation_events where operation_id = any($1) and data ? 'check'",
        [[same, drifted]],
      ),
    );
    expect(rows.find(({ id }) => id === same)).toMatchObject({ changes: {}, differences: [] });
    expect(rows.find(({ id }) => id === drifted)).toMatchObject({
      changes: { update: 1 },
      differences: [{ instance: "production", part: "route", would: "update" }],
    });
    for (const id of [same, drifted])
      expect(await record.steps(id)).toEqual([{ name: "compare", status: "succeeded", detail: null }]);
    expect((await readStack(record.ctx, tenant.tenantId)).status).toBe("ready");
    await redis.set(key, target ?? "");
  } finally {
    redis.disconnect();
  }
});

test("a restart starts the container anew, and makes one that is missing", async () => {
  const started = () => run("docker", ["inspect", "-f", "{{.State.StartedAt}}", tenant.container]);
  const before = await started();
  expect((await record.ended(await ask("restart"))).status).toBe("succeeded");
  expect(await started()).not.toBe(before);
  await run("docker", ["rm", "-f", tenant.container]);
  expect((await record.ended(await ask("restart"))).status).toBe("succeeded");
  expect(await found(tenant)).toEqual(everything);
});

test("a change of hosts is made in place", async () => {
  const id = () => run("docker", ["inspect", "-f", "{{.Id}}", tenant.container]);
  const before = await id();
  const hosts = ["acme.localhost", "shop.acme.localhost"];
  const { operation } = await record.want("acme", { tenantId: tenant.tenantId, revision: 2, hosts });
  expect(await record.ended(operation)).toMatchObject({ status: "succeeded" });
  expect(await id()).toBe(before);
  const page = await run("curl", [
    "-s",
    "-o",
    "/dev/null",
    "-w",
    "%{http_code}",
    "-H",
    "Host: shop.acme.localhost",
    `http://127.0.0.1:${settings.httpPort}/web/login`,
  ]);
  expect(page).toBe("200");
});

test("a host name of another tenant is refused, and what was made is taken back", async () => {
  const other = await record.want("other", { hosts: ["acme.localhost"] });
  const ended = await record.ended(other.operation);
  expect(ended.status).toBe("failed");
  expect(ended.error?.message).toMatch(/acme\.localhost/);
  expect(ended.error?.message).not.toMatch(/urn:|rpc error|Error:/);
  expect(await found(other)).toEqual(nothing);
  // What an operation that was cut off could have left, and no state knows of.
  await asLogin("provisioner", "postgres", (client) => client.query(`create role "${other.role}"`));
  const { images } = await readPlatform(settings.dataDir);
  await run("docker", ["create", "--name", other.container, images.odoo.ref, "true"]);
  const again = await record.want("other", { tenantId: other.tenantId, revision: 2 });
  expect((await record.ended(again.operation)).status).toBe("succeeded");
  expect((await record.ended(await record.unwant(other.tenantId))).status).toBe("succeeded");
});

test("a create that cannot be taken back says that something is still there, and a delete removes it", async () => {
  const tenantId = newId("ten");
  const { role } = names(tenantId, "production", settings.env);
  const inPostgres = (sql: string) =>
    asLogin("provisioner", "postgres", (client) => client.query(sql).then(() => undefined));
  // The role is in the way of the create, and what it owns in the way of its removal.
  await inPostgres(
    `create role "${role}"; create table public.stuck (); alter table public.stuck owner to "${role}"`,
  );
  const stuck = await record.want("stuck", { tenantId });
  const ended = await record.ended(stuck.operation);
  expect(ended.status).toBe("failed");
  expect(ended.error?.message).toMatch(/is still there: try again, or delete the tenant/);
  expect((await found(stuck)).role).toBe(1);
  await inPostgres("drop table public.stuck");
  expect((await record.ended(await record.unwant(tenantId))).status).toBe("succeeded");
  expect(await found(stuck)).toEqual(nothing);
});

test("with its database gone nothing is mended to an empty one, and a removal still works", async () => {
  await asLogin("provisioner", "postgres", (client) =>
    client.query(`drop database "${tenant.database}" with (force)`),
  );
  const { operation } = await record.want("acme", { tenantId: tenant.tenantId, revision: 3 });
  const ended = await record.ended(operation);
  expect(ended.status).toBe("failed");
  expect(ended.error?.message).toMatch(/database .* is missing/);
  expect((await found(tenant)).database).toBe(0);
});

test("a removal leaves nothing but the record's history", async () => {
  const operation = await record.unwant(tenant.tenantId);
  expect(await record.ended(operation)).toMatchObject({ status: "succeeded" });
  expect(await found(tenant)).toEqual(nothing);
  const rows = await asLogin("pulumi", "pulumi", (client) =>
    client.query("select key from pulumi_state where key like $1", [`%${tenant.tenantId}%`]),
  );
  expect(rows.rows).toEqual([]);
  await expect(readFile(`${paths.stacks}/Pulumi.${tenant.tenantId}.yaml`)).rejects.toThrow("ENOENT");
  const kept = await asLogin("instance_run", "instance", (client) =>
    client.query<{ runs: number; resources: number }>(
      "select jsonb_array_length(history) as runs, jsonb_array_length(state #> '{checkpoint,latest,resources}') as resources from stack_history where tenant_id = $1",
      [tenant.tenantId],
    ),
  );
  expect(kept.rows).toHaveLength(1);
  expect(kept.rows[0]?.runs).toBeGreaterThan(1);
  expect(kept.rows[0]?.resources).toBeGreaterThan(5);
});
