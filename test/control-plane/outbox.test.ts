import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { everything } from "../../control-plane/access/scope.ts";
import { ownCaller } from "../../control-plane/audit/write.ts";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import { BerthError } from "../../control-plane/errors.ts";
import type { FeedEntry, StackRequest } from "../../control-plane/instance/client.ts";
import { type Listener, listen } from "../../control-plane/listen.ts";
import { createMetrics } from "../../control-plane/observability/metrics.ts";
import { createSignals } from "../../control-plane/signals.ts";
import { applyFeed, readFeedPosition } from "../../control-plane/tenant/apply-feed.ts";
import { claimOutbox } from "../../control-plane/tenant/claim-outbox.ts";
import { createTenant } from "../../control-plane/tenant/create-tenant.ts";
import { deleteTenant } from "../../control-plane/tenant/delete-tenant.ts";
import { followFeed } from "../../control-plane/tenant/follow-feed.ts";
import { outboxSignal, startOutbox } from "../../control-plane/tenant/outbox.ts";
import { readTenant } from "../../control-plane/tenant/read-tenants.ts";
import { newTenant } from "../../control-plane/tenant/tenant-input.ts";
import { until } from "../../control-plane/until.ts";
import { cloneDatabases, connectServer, type TestDatabases } from "../support/postgres.ts";
import { captureLog, freshSlug, newTenantBody } from "./support.ts";

// The tenant service's half alone: the instance service is played by the test, which decides what it answers.
let databases: TestDatabases;
let database: Database;
let listener: Listener;
const signals = createSignals();
const { log } = captureLog();

beforeAll(async () => {
  databases = await cloneDatabases(connectServer(inject("postgres")));
  database = openDatabase({ login: databases.logins.tenant, name: "test", log });
  listener = listen({
    login: databases.logins.tenant,
    name: "test listener",
    channels: ["outbox"],
    onNotify: () => signals.fire(outboxSignal),
    onConnect: () => signals.fire(),
    log,
  });
  await listener.ready;
});
afterAll(async () => {
  await listener?.close();
  await database?.close();
  await databases?.drop();
});
beforeEach(async () => {
  await databases.server.sql("update outbox set done_at = now()", [], databases.names.tenant);
});

type Put = (tenantId: string, request: StackRequest) => Promise<void>;

/** Runs the outbox against an instance service that answers with `put`. */
async function delivering(put: Put, work: () => Promise<void>): Promise<void> {
  const instance = {
    async putStack(tenantId: string, request: StackRequest) {
      await put(tenantId, request);
      return {
        stack: {
          tenant: tenantId,
          slug: request.slug,
          status: "creating" as const,
          revision: request.revision,
        },
        operation: { id: request.operation, kind: "create" as const, status: "queued" as const, error: null },
      };
    },
  };
  const outbox = startOutbox({ db: database.db, instance, signals, log });
  try {
    await work();
  } finally {
    await outbox.stop();
  }
}

const ctx = () => ({
  db: database.db,
  caller: ownCaller("test", "request-1"),
  addressOf: (slug: string) => ({ host: `${slug}.localhost`, url: `http://${slug}.localhost` }),
});
const make = (slug = freshSlug()) =>
  createTenant(ctx(), {
    organizationId: "org_a234567890123456",
    input: newTenant.parse(newTenantBody(slug)),
    password: { hash: "$pbkdf2-sha512$1$aa$bb" },
  });
const waitFor = (check: () => boolean | Promise<boolean>, what: string) =>
  until(check, { what, deadlineMs: 15_000, everyMs: 5 });
const entries = (tenantId: string) =>
  databases.server.sql(
    "select * from outbox where tenant_id = $1 order by id",
    [tenantId],
    databases.names.tenant,
  );

describe("however PostgreSQL plans it", () => {
  const sql = (text: string) => databases.server.sql(text, [], databases.names.tenant);

  test("a new tenant takes one stack of the reserve and leaves the others", async () => {
    await sql("insert into reserve (tenant_id) values ('ten_1')");
    // With statistics of so few rows it would run a subquery once for each row of the table.
    await sql("analyze reserve");
    await sql("insert into reserve (tenant_id) select 'ten_' || n from generate_series(2, 8) n");
    expect((await make()).id).toBe("ten_1");
    expect(await sql("select from reserve")).toHaveLength(7);
    const taken = await Promise.all(Array.from({ length: 7 }, () => make()));
    expect(new Set(taken.map(({ id }) => id)).size).toBe(7);
    expect(await sql("select from reserve")).toEqual([]);
  });

  test("the outbox gives as many entries as are asked for", async () => {
    await sql("delete from outbox");
    await make();
    await sql("analyze outbox");
    for (let n = 0; n < 5; n++) await make();
    const first = await claimOutbox(database.db, 2);
    const second = await claimOutbox(database.db, 9);
    expect([first.length, second.length]).toEqual([2, 4]);
  });
});

describe("the outbox", () => {
  test("delivers at once, and keeps no password hash after that", async () => {
    const seen: string[] = [];
    await delivering(
      async (id) => void seen.push(id),
      async () => {
        const waits: number[] = [];
        for (let i = 0; i < 9; i += 1) {
          const tenant = await make();
          const from = performance.now();
          await until(() => seen.includes(tenant.id), {
            what: "the delivery",
            deadlineMs: 5_000,
            everyMs: 1,
          });
          waits.push(performance.now() - from);
        }
        expect(waits.toSorted((a, b) => a - b)[4]).toBeLessThan(100);
        const tenant = await make();
        await waitFor(async () => (await entries(tenant.id))[0]?.done_at !== null, "the entry to be done");
        expect(JSON.stringify(await entries(tenant.id))).not.toContain("pbkdf2");
      },
    );
  });

  test("delivers again until it is taken", async () => {
    let attempts = 0;
    await delivering(
      async () => {
        attempts += 1;
        if (attempts < 4) throw new BerthError("service_unavailable", "Away.");
      },
      async () => {
        const tenant = await make();
        await waitFor(async () => (await entries(tenant.id))[0]?.done_at !== null, "the entry to be done");
        expect(attempts).toBe(4);
        expect(await entries(tenant.id)).toMatchObject([{ attempts: 4, last_error: null, refused: null }]);
        expect((await readTenant(database.db, everything, tenant.slug)).status).toBe("pending");
      },
    );
  });

  test("delivers a tenant's entries in their order, however the first one fares", async () => {
    const seen: string[] = [];
    let away = true;
    const tenant = await make();
    const gone = await deleteTenant(ctx(), { slug: tenant.slug });
    const other = await make();
    await delivering(
      async (id, request) => {
        if (id === tenant.id && away) throw new Error("connection refused");
        seen.push(request.operation);
      },
      async () => {
        await waitFor(() => seen.includes(other.operationId), "another tenant's entry");
        expect(seen).toEqual([other.operationId]);
        away = false;
        await waitFor(() => seen.length === 3, "all entries");
        expect(seen).toEqual([other.operationId, tenant.operationId, gone.operationId]);
      },
    );
  });

  test("tells a tenant's people what was refused for good", async () => {
    await delivering(
      async () => {
        throw new BerthError("slug_taken", "Another stack has the slug.");
      },
      async () => {
        const tenant = await make();
        await waitFor(
          async () => (await readTenant(database.db, everything, tenant.slug)).status === "failed",
          "the failure",
        );
        expect(await readTenant(database.db, everything, tenant.slug)).toMatchObject({
          operationStatus: "failed",
          operationError: { code: "slug_taken", message: "Another stack has the slug." },
        });
        expect(await entries(tenant.id)).toMatchObject([{ attempts: 1, refused: { code: "slug_taken" } }]);
      },
    );
  });

  test("goes on after a process that died in the middle, with no wait", async () => {
    const tenant = await make();
    // Taken by somebody who never came back.
    await databases.server.sql(
      "update outbox set attempts = 1, due_at = now() + interval '10 minutes' where tenant_id = $1",
      [tenant.id],
      databases.names.tenant,
    );
    const seen: string[] = [];
    await delivering(
      async (id) => void seen.push(id),
      () => waitFor(() => seen.includes(tenant.id), "the delivery").then(() => undefined),
    );
  });

  test("delivers for two processes at once, which share the work", async () => {
    const seen: string[] = [];
    const put: Put = async (id) => void seen.push(id);
    await delivering(put, () =>
      delivering(put, async () => {
        const made = await Promise.all(Array.from({ length: 20 }, () => make()));
        await waitFor(
          async () =>
            (
              await databases.server.sql(
                "select from outbox where done_at is null",
                [],
                databases.names.tenant,
              )
            ).length === 0,
          "all entries to be done",
        );
        // The one that starts later may repeat what the first one has in hand; that changes nothing.
        expect([...new Set(seen)].toSorted()).toEqual(made.map((tenant) => tenant.id).toSorted());
        expect(seen.length).toBeLessThan(40);
      }),
    );
  });
});

describe("the feed", () => {
  const entry = (
    seq: number,
    tenant: string,
    operation: string,
    status: "running" | "succeeded",
  ): FeedEntry => ({
    seq,
    at: new Date().toISOString(),
    tenant,
    type: "operation",
    data: {
      operation: { id: operation, kind: "create", status, error: null },
      stack: { status: status === "running" ? "creating" : "ready", revision: 1 },
    },
  });

  test("is applied in order and once, also by two who follow it", async () => {
    const tenant = await make();
    const base = await readFeedPosition(database.db);
    const news = [
      entry(base + 1, tenant.id, tenant.operationId, "running"),
      entry(base + 2, tenant.id, tenant.operationId, "succeeded"),
    ];
    await Promise.all([
      applyFeed(database.db, news, log),
      applyFeed(database.db, news, log),
      applyFeed(database.db, news, log),
    ]);
    expect(await readTenant(database.db, everything, tenant.id)).toMatchObject({
      status: "ready",
      operationStatus: "succeeded",
    });
    const changes = await databases.server.sql(
      "select after from audit where action = 'tenant.status' and target = $1 order by id",
      [tenant.id],
      databases.names.tenant,
    );
    expect(changes.map((row) => row.after.status)).toEqual(["creating", "ready"]);
    await applyFeed(database.db, news.slice(0, 1), log);
    expect((await readTenant(database.db, everything, tenant.id)).status).toBe("ready");
  });

  test("is followed again after the instance service was away", async () => {
    const tenant = await make();
    const base = await readFeedPosition(database.db);
    let calls = 0;
    const instance = {
      async feed({ after, signal }: { after: number; signal: AbortSignal }) {
        calls += 1;
        if (calls < 4) throw new BerthError("service_unavailable", "Away.");
        const news = [entry(base + 1, tenant.id, tenant.operationId, "succeeded")];
        const left = news.filter(({ seq }) => seq > after);
        if (left.length === 0 && !signal.aborted) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        }
        return left;
      },
    };
    const follower = followFeed({
      db: database.db,
      instance,
      job: createMetrics(log).job("follow the feed"),
      log,
    });
    await waitFor(
      async () => (await readTenant(database.db, everything, tenant.id)).status === "ready",
      "the news",
    );
    await follower.stop();
    expect(await readFeedPosition(database.db)).toBe(base + 1);
  });
});
