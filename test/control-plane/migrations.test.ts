import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { describe, expect, inject, test } from "vitest";
import { migrateOwned } from "../../control-plane/migrate.ts";
import { projectRoot } from "../../control-plane/paths.ts";
import { serviceNames } from "../../control-plane/service-names.ts";
import { connectServer } from "../support/postgres.ts";
import { releasedFile } from "./released.ts";

const exec = promisify(execFile);

describe("migrations", () => {
  test("can be applied by two at once, and again", async () => {
    const server = connectServer(inject("postgres"));
    const suffix = randomBytes(4).toString("hex");
    const names = { auth: `auth_${suffix}`, tenant: `tenant_${suffix}`, instance: `instance_${suffix}` };
    for (const [service, name] of Object.entries(names)) {
      await server.sql(`create database ${name} owner ${service}_owner`);
    }
    try {
      const owners = {
        auth: server.login("auth_owner", names.auth),
        tenant: server.login("tenant_owner", names.tenant),
        instance: server.login("instance_owner", names.instance),
      };
      await Promise.all([migrateOwned(owners), migrateOwned(owners)]);
      await migrateOwned(owners);
      const [queue] = await server.sql("select policy, notify from pgboss.queue", [], names.instance);
      expect(queue).toEqual({ policy: "standard", notify: true });
      const foreign = await server.sql(
        "select tablename from pg_tables where schemaname in ('public', 'routing', 'pgboss') and tableowner <> 'instance_owner'",
        [],
        names.instance,
      );
      expect(foreign).toEqual([]);
    } finally {
      for (const name of Object.values(names)) await server.sql(`drop database ${name} with (force)`);
    }
  });

  test.each(serviceNames)("that were released are as they were, and first: %s", async (service) => {
    const folder = `control-plane/${service}/migrations`;
    const tags = (journal: string) =>
      (JSON.parse(journal) as { entries: Array<{ tag: string; when: number }> }).entries;
    const released = tags(await releasedFile(`${folder}/meta/_journal.json`));
    const now = tags(await readFile(join(projectRoot, folder, "meta/_journal.json"), "utf8"));
    expect(released.length).toBeGreaterThan(0);
    expect(now.slice(0, released.length)).toEqual(released);
    // What comes later is passed over by a database that has a later one already.
    const times = now.map(({ when }) => when);
    expect(times).toEqual(times.toSorted((one, next) => one - next));
    for (const { tag } of released)
      expect(await readFile(join(projectRoot, folder, `${tag}.sql`), "utf8"), tag).toBe(
        await releasedFile(`${folder}/${tag}.sql`),
      );
  });

  test.each(serviceNames)("say the same as the schema: %s", async (service) => {
    const migrations = join(projectRoot, "control-plane", service, "migrations");
    const copy = await mkdtemp(join(tmpdir(), "berth-migrations-"));
    try {
      await cp(migrations, copy, { recursive: true });
      // What drizzle-kit would add if tables had been changed and no migration been made.
      const { stdout } = await exec(
        process.execPath,
        [
          join(projectRoot, "node_modules/drizzle-kit/bin.cjs"),
          ...["generate", "--dialect", "postgresql"],
          // It takes every path as relative, and ends with 0 whatever happens.
          ...["--schema", join("control-plane", service, "schema.ts"), "--out", relative(projectRoot, copy)],
        ],
        { cwd: projectRoot },
      );
      expect(stdout).toContain("No schema changes");
      expect(await readdir(copy)).toEqual(await readdir(migrations));
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });
});
