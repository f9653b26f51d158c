import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import { createWake } from "../../control-plane/instance/queue.ts";
import { createSecretsBox } from "../../control-plane/instance/secrets-box.ts";
import { serviceNames } from "../../control-plane/service-names.ts";
import { seedStaff } from "../support/seed-staff.ts";
import { table } from "../support/table.ts";
import { as, people, withMail } from "./people.ts";
import { schemaOf } from "./schema-dump.ts";
import {
  apiKey,
  captureLog,
  catalogue,
  freshSlug,
  keys,
  newTenantBody,
  type TenantAnswer,
  type TestServices,
} from "./support.ts";
import { makeWorld, other, type Version, versions, type World } from "./versions-world.ts";
import { untilStatus, work } from "./worker.ts";

const mail = await withMail();
let world: World;
let database: Database;
/** A client of each version's services. */
const by = { older: {} as TestServices, newer: {} as TestServices };
const persons = { older: people(by.older, mail), newer: people(by.newer, mail) };
/** Tenants that the older version made before anything of the newer was there, and while it migrated. */
const before: string[] = [];

function connectClients(): void {
  const { log } = captureLog();
  database = openDatabase({
    login: world.server.login("instance_run", world.names.instance),
    ...{ name: "test worker", log },
  });
  const worker = {
    db: database.db,
    box: createSecretsBox(keys.instance.stackSecrets),
    wake: createWake(database.db),
    ended: () => undefined,
  };
  for (const version of versions) {
    const call: TestServices["call"] = (...args) => world.call(version, ...args);
    Object.assign(by[version], {
      ...{ call, worker, rows },
      async expect(status: number, ...args: Parameters<typeof call>) {
        const response = await call(...args);
        const text = await response.text();
        if (response.status !== status)
          throw new Error(
            `${args[0]} ${args[1]} of the ${version} one answered ${response.status}: ${text}\n${world.said(version).slice(-2_000)}`,
          );
        return JSON.parse(text);
      },
    });
  }
}

const rows: TestServices["rows"] = async (service, sql, values = []) =>
  world.server.sql(sql, values, world.names[service]);

const create = (version: Version, slug = freshSlug(), headers: Record<string, string> = {}) =>
  by[version].expect<TenantAnswer>(202, "POST", "/tenant/v1/tenants", newTenantBody(slug), headers);

beforeAll(async () => {
  world = await makeWorld(mail.catcher.url);
  await world.migrate("older");
  await seedStaff((sql, values) => rows("auth", sql, values), apiKey);
  await rows(
    "instance",
    "insert into templates (name, odoo_version, modules, languages, countries, current) values ($1, $2, $3, $4, $5, true)",
    [catalogue.name, catalogue.odooVersion, catalogue.modules, catalogue.languages, catalogue.countries],
  );
  for (const service of serviceNames) await world.start(service, "older", "older");
  connectClients();
  before.push((await create("older")).tenant.slug);
}, 240_000);
afterAll(async () => {
  await database?.close();
  await world?.remove();
}, 60_000);

describe("an upgrade", () => {
  test("migrates while the older services serve: no request of theirs fails", async () => {
    let isMigrating = true;
    const migrated = world.migrate("newer").finally(() => {
      isMigrating = false;
    });
    let served = 0;
    do {
      const slug = freshSlug();
      await create("older", slug);
      const read = await world.call("older", "GET", `/tenant/v1/tenants/${slug}`);
      expect(read.status).toBe(200);
      before.push(slug);
      served++;
    } while (isMigrating);
    await migrated;
    expect(served).toBeGreaterThan(2);
    console.log(`the older version made ${served} tenants while the newer one's migrations ran`);
    for (const one of ["auth", "tenant", "instance"] as const)
      expect(await schemaOf(world.server, world.names[one]), one).toBe(
        await schemaOf(world.server, `${one}_template`),
      );
  }, 120_000);

  test("is not undone when the older version migrates once more", async () => {
    await world.migrate("older");
    for (const one of ["auth", "tenant", "instance"] as const)
      expect(await schemaOf(world.server, world.names[one]), one).toBe(
        await schemaOf(world.server, `${one}_template`),
      );
  }, 60_000);

  test("has both versions of each service beside each other, each asking the other", async () => {
    for (const service of serviceNames) await world.end(service, "older", "SIGTERM");
    // Each asks services of the other version only.
    for (const version of versions)
      for (const service of serviceNames) await world.start(service, version, other(version));
    const lines: string[][] = [];
    for (const version of versions) {
      for (const service of serviceNames) {
        const { checks } = await by[version].expect<{ checks: Record<string, { status: string }> }>(
          ...([200, "GET", `/${service}/health`] as const),
        );
        const cell = (name: string) => checks[name]?.status ?? "-";
        lines.push([service, version, cell("database"), ...serviceNames.map(cell)]);
      }
    }
    console.log(table(["service", "version", "database", ...serviceNames], lines));
    // A service tells of the others that it knows of; the older ones told of fewer.
    for (const [service = "", version, database, ...others] of lines) {
      expect(database, `${version} ${service}`).toBe("ok");
      const told = serviceNames.filter((_, i) => others[i] === "ok");
      const asks = serviceNames.filter((name) => name !== service);
      if (version === "newer") expect(told, `${version} ${service}`).toEqual(asks);
      expect(others.filter((cell) => cell !== "ok" && cell !== "-")).toEqual([]);
    }
  }, 240_000);
});

describe("two versions side by side", () => {
  test.each(versions)("show what was there before, and change it: %s", async (version) => {
    const { items } = await by[version].expect<{ items: Array<{ slug: string }> }>(
      ...([200, "GET", "/tenant/v1/tenants?limit=100"] as const),
    );
    expect(items.map(({ slug }) => slug)).toEqual(expect.arrayContaining(before));
    const path = `/tenant/v1/tenants/${before[0]}`;
    await by[version].expect(200, "PATCH", path, { name: `Named by the ${version}` });
    const { tenant } = await by[other(version)].expect<TenantAnswer>(200, "GET", path);
    expect(tenant.name).toBe(`Named by the ${version}`);
  });

  test.each(versions)(
    "know whom the other let in, and whom it did not any more: let in by the %s",
    async (version) => {
      const ada = await persons[version].person();
      const { id } = await persons[version].found(ada);
      const path = `/user/v1/organizations/${id}/api-keys`;
      const made = await by[version].expect<{ id: string; key: string }>(
        ...([201, "POST", path, { name: "Key", scope: "write" }, ada.headers] as const),
      );
      const everywhere = [`/user/v1/organizations/${id}`, "/tenant/v1/tenants", "/instance/v1/operations"];
      const statuses = async (headers: Record<string, string>) => {
        const asked = versions.flatMap((one) =>
          everywhere.map(async (what) => (await world.call(one, "GET", what, undefined, headers)).status),
        );
        return Promise.all(asked);
      };
      const all = (status: number) => Array.from({ length: 6 }, () => status);
      expect(await statuses(ada.headers)).toEqual(all(200));
      expect(await statuses(as(made.key))).toEqual(all(200));
      // What the other one takes back is refused by both.
      const back = by[other(version)];
      expect((await back.call("DELETE", `${path}/${made.id}`, undefined, ada.headers)).status).toBe(204);
      expect(await statuses(as(made.key))).toEqual(all(401));
      expect((await back.call("DELETE", "/user/v1/sessions/current", undefined, ada.headers)).status).toBe(
        204,
      );
      expect(await statuses(ada.headers)).toEqual(all(401));
    },
  );

  test.each(versions)("give one answer for one Idempotency-Key, first asked of the %s", async (version) => {
    const headers = { "idempotency-key": randomUUID() };
    const slug = freshSlug();
    const first = await create(version, slug, headers);
    const again = await create(other(version), slug, headers);
    expect(again.operation.id).toBe(first.operation.id);
    expect(again.admin.password).toBeUndefined();
    expect(await rows("tenant", "select from tenants where slug = $1", [slug])).toHaveLength(1);
  });

  test("give one answer for one Idempotency-Key that both are asked with at once", async () => {
    for (let round = 0; round < 5; round++) {
      const headers = { "idempotency-key": randomUUID() };
      const slug = freshSlug();
      const answers = await Promise.all(
        versions.flatMap((one) => [create(one, slug, headers), create(one, slug, headers)]),
      );
      expect(new Set(answers.map(({ operation }) => operation.id)).size).toBe(1);
      expect(answers.filter(({ admin }) => admin.password !== undefined)).toHaveLength(1);
    }
  });

  test("take writes at once: each is delivered and told once, whoever follows", async () => {
    const slugs: string[] = [];
    const made = await Promise.all(
      Array.from({ length: 16 }, (_, i) => {
        const slug = freshSlug();
        slugs.push(slug);
        return create(versions[i % 2] ?? "older", slug);
      }),
    );
    for (const { tenant } of made) await work(by.newer, tenant.id);
    for (const slug of slugs) for (const version of versions) await untilStatus(by[version], slug, "ready");
    const ids = made.map(({ tenant }) => tenant.id);
    const operations = await rows(
      "instance",
      "select tenant_id, count(*)::int as count from operations where tenant_id = any($1) group by 1",
      [ids],
    );
    expect(operations.map(({ count }) => count)).toEqual(ids.map(() => 1));
    const steps = await rows<{ target: string; what: string }>(
      "tenant",
      "select target, coalesce(after ->> 'status', action) as what from audit where target = any($1) order by id",
      [ids],
    );
    for (const id of ids)
      expect(steps.filter(({ target }) => target === id).map(({ what }) => what)).toEqual([
        ...["tenant.create", "creating", "ready"],
      ]);
    expect(await rows("tenant", "select from outbox where done_at is null or refused is not null")).toEqual(
      [],
    );
    const [position] = await rows("tenant", "select seq from feed_position where source = 'instance'");
    const [newest] = await rows("instance", "select max(seq) as seq from feed");
    expect(position).toEqual(newest);
  }, 120_000);

  test("go on when the older one is killed over what it was asked", async () => {
    const { tenant } = await create("older");
    for (const service of serviceNames) await world.end(service, "older", "SIGKILL");
    // From here on the newer ones ask each other, as at an upgrade's end.
    for (const service of serviceNames) await world.end(service, "newer", "SIGTERM");
    for (const service of serviceNames) await world.start(service, "newer", "newer");
    await work(by.newer, tenant.id);
    await untilStatus(by.newer, tenant.slug, "ready");
    expect(await rows("instance", "select from operations where tenant_id = $1", [tenant.id])).toHaveLength(
      1,
    );
  }, 120_000);
});
