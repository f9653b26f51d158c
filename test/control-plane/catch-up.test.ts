import { afterAll, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { everything } from "../../control-plane/access/scope.ts";
import { ownCaller } from "../../control-plane/audit/write.ts";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import type { FeedEntry } from "../../control-plane/instance/client.ts";
import { readFeedPosition } from "../../control-plane/tenant/apply-feed.ts";
import { createCatchUp } from "../../control-plane/tenant/catch-up.ts";
import { createTenant } from "../../control-plane/tenant/create-tenant.ts";
import { readTenant } from "../../control-plane/tenant/read-tenants.ts";
import { newTenant } from "../../control-plane/tenant/tenant-input.ts";
import { cloneDatabases, connectServer, type TestDatabases } from "../support/postgres.ts";
import { captureLog, freshSlug, newTenantBody } from "./support.ts";

// The tenant service's half alone: the test plays the instance service's feed and counts who reads it.
let databases: TestDatabases;
let database: Database;
const { log, text: logged } = captureLog();
beforeAll(async () => {
  databases = await cloneDatabases(connectServer(inject("postgres")));
  database = openDatabase({ login: databases.logins.tenant, name: "test", log });
});
afterAll(async () => {
  await database?.close();
  await databases?.drop();
});

let seq = 0;
let asked: number[] = [];
/** What the feed tells next; an error is the instance service being away. */
let feed: FeedEntry[] | Error = [];
const catchUp = (slugOrId: string) =>
  createCatchUp({
    db: database.db,
    log,
    instance: {
      async feed({ after }) {
        asked.push(after);
        if (feed instanceof Error) throw feed;
        return feed.filter((entry) => entry.seq > after);
      },
    },
  })(slugOrId);
beforeEach(() => {
  asked = [];
  feed = [];
});

const make = () =>
  createTenant(
    {
      db: database.db,
      caller: ownCaller("test", "request-1"),
      addressOf: (slug) => ({ host: `${slug}.localhost`, url: `http://${slug}.localhost` }),
    },
    {
      input: newTenant.parse(newTenantBody(freshSlug())),
      organizationId: "org_a234567890123456",
      password: { hash: "$pbkdf2-sha512$1$aa$bb" },
    },
  );
const ready = ({ id, operationId }: { id: string; operationId: string }): FeedEntry => ({
  seq: ++seq,
  at: new Date().toISOString(),
  tenant: id,
  type: "operation",
  data: {
    operation: { id: operationId, kind: "create", status: "succeeded", error: null },
    stack: { status: "ready", revision: 1 },
  },
});
const statusOf = async (slug: string) => (await readTenant(database.db, everything, slug)).status;

test("whoever looks at a tenant that is under way sees what the feed tells already", async () => {
  const tenant = await make();
  feed = [ready(tenant)];
  await catchUp(tenant.slug);
  expect(await statusOf(tenant.slug)).toBe("ready");
  expect(await readFeedPosition(database.db)).toBe(seq);
});

test("by its id as well, and however many look at once each entry is applied once", async () => {
  const tenant = await make();
  feed = [ready(tenant)];
  await Promise.all(Array.from({ length: 5 }, () => catchUp(tenant.id)));
  expect(await statusOf(tenant.slug)).toBe("ready");
  const told = await databases.server.sql(
    "select from audit where action = 'tenant.status' and tenant_id = $1",
    [tenant.id],
    databases.names.tenant,
  );
  expect(told).toHaveLength(1);
});

test("of a tenant at rest, or one that nobody knows, nobody is asked", async () => {
  const tenant = await make();
  feed = [ready(tenant)];
  await catchUp(tenant.slug);
  asked = [];
  await catchUp(tenant.slug);
  await catchUp(freshSlug());
  expect(asked).toEqual([]);
});

test("while the instance service is away the record is shown as it is", async () => {
  const tenant = await make();
  feed = new Error("Nobody answers there.");
  await catchUp(tenant.slug);
  expect(asked).toHaveLength(1);
  expect(await statusOf(tenant.slug)).toBe("pending");
  expect(logged()).toContain("the feed could not be looked at");
});
