import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiUrl } from "../../control-plane/cli/api.ts";
import { broughtUpFile } from "../../control-plane/platform/brought-up.ts";
import { until } from "../../control-plane/until.ts";
import { openWorld, type World } from "../e2e/world.ts";
import {
  berth,
  mustBerth,
  paths,
  processOf,
  provisionerTakesWork,
  settings,
  tree,
  variables,
} from "./support.ts";
import { atTerminal } from "./tree.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await provisionerTakesWork();
  await world.create({ slug: "kept" });
});
afterAll(async () => {
  const { code } = await berth(["stacks"]);
  expect(code).toBe(0);
});

describe("db-test", () => {
  test("finds all rights as they must be, and prints them", async () => {
    const { code, out } = await berth(["db-test"]);
    expect(code, out).toBe(0);
    expect(out).toMatch(
      /^gets into +pulumi +auth +tenant +instance +postgres +template1 +a tenant's +from tenants/m,
    );
    expect(out).toMatch(/^auth_run +refused +yes +refused +refused +refused +refused +refused +refused/m);
    expect(out).toMatch(
      /^in its own database +reads its tables +writes its tables +adds to the audit +changes the audit/m,
    );
    expect(out).toMatch(/^tenant_run +yes +yes +yes +refused +refused +refused +refused/m);
    expect(out).toMatch(/All \d+ are as they must be\.$/m);
  });

  test.each([
    [
      "a way into another's database",
      "postgres",
      "grant connect on database tenant to auth_run",
      "revoke connect on database tenant from auth_run",
      'auth_run gets into "tenant", and must not.',
    ],
    [
      "a right to delete what was audited",
      "tenant",
      "grant delete on audit to tenant_run",
      "revoke delete on audit from tenant_run",
      "tenant_run must not be able to: delete from audit where false. It is.",
    ],
    [
      "a right to make tables",
      "instance",
      "grant create on schema public to instance_run",
      "revoke create on schema public from instance_run",
      "instance_run must not be able to: create table berth_db_test (id int). It is.",
    ],
    [
      "a superuser",
      "postgres",
      "alter role auth_run superuser",
      "alter role auth_run nosuperuser",
      "auth_run must not be able to: create role berth_db_test. It is.",
    ],
    [
      "a right that was taken away",
      "tenant",
      "revoke insert on audit from tenant_run",
      "grant insert on audit to tenant_run",
      "tenant_run must be able to: insert into audit",
    ],
    [
      "a closed door",
      "postgres",
      "revoke connect on database instance from instance_run",
      "grant connect on database instance to instance_run",
      'instance_run must get into "instance", and is refused.',
    ],
  ])("fails for %s", async (_what, database, spoil, mend, sentence) => {
    await world.sql(database, spoil);
    try {
      const { code, out, err } = await berth(["db-test"]);
      expect(code, out).toBe(1);
      expect(out + err).toContain(sentence);
    } finally {
      await world.sql(database, mend);
    }
    expect((await berth(["db-test"])).code).toBe(0);
  });
});

describe("db-reset", () => {
  const names = async () =>
    (await world.sql<{ name: string }>("postgres", "select datname as name from pg_database order by 1")).map(
      ({ name }) => name,
    );

  /** Makes an account, and gives the code that was mailed to it, by which its address is confirmed. */
  const signUp = async (more: Record<string, string>) => {
    const ask = (path: string, body: object) =>
      fetch(`${apiUrl(settings)}/user/v1/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const account = { email: "ann@reset.example", password: "correct horse battery" };
    expect((await ask("accounts", { name: "Ann", ...account })).status).toBe(202);
    const { out, err } = await berth(["mail", account.email], more);
    const [code] = /^\S{20,}$/m.exec(out) ?? [];
    expect(code, out + err).toBeDefined();
    const confirmed = await ask("email-confirmation", { code, password: account.password });
    expect(confirmed.status, await confirmed.text()).toBeLessThan(300);
    return code;
  };

  const yes = ["--yes-delete", settings.env];
  const refused = async (args: string[], more: Record<string, string>, sentence: string | RegExp) => {
    const before = await names();
    const { code, err, out } = await berth(["db-reset", ...args], more);
    expect(code, out).toBe(1);
    expect(err).toMatch(sentence);
    expect(err).toContain("Nothing was changed.");
    expect(await names()).toEqual(before);
  };

  test("refuses what others reach a tenant of", async () => {
    const hosts = await world.sql<{ hosts: string[] }>("instance", "select hosts from instances");
    expect(hosts).toEqual([{ hosts: ["kept.localhost"] }]);
    await world.sql("instance", "update instances set hosts = '{kept.localhost,kept.berth.example}'");
    try {
      await refused(yes, {}, /others reach a tenant of it at kept\.berth\.example/);
    } finally {
      await world.sql("instance", "update instances set hosts = '{kept.localhost}'");
    }
  });

  test("refuses what was once brought up for others, and what nobody knows that of", async () => {
    const note = broughtUpFile(settings.dataDir);
    const kept = await readFile(note, "utf8");
    try {
      const up = await berth(["platform", "up"], { BERTH_DOMAIN: "berth.example" });
      expect(up.code, up.err).toBe(0);
      await refused(yes, {}, /it was brought up with the domain berth\.example, as .* tells/);
      // Nor is it forgotten by bringing it up without.
      await mustBerth("platform", "up");
      await refused(yes, {}, /it was brought up with the domain berth\.example/);
      await writeFile(note, kept.slice(0, 20));
      await refused(yes, {}, /cannot be read/);
      await rm(note);
      await refused(yes, {}, /is not noted in/);
    } finally {
      await writeFile(note, kept);
    }
  });

  test("refuses outside development, without a terminal, by a wrong name, and while work is under way", async () => {
    await refused(yes, { BERTH_DOMAIN: "berth.example" }, /its domain is berth\.example/);
    await refused(
      yes,
      { BERTH_TENANTS_DATABASE_URL: "postgres://p@192.0.2.1:5432/postgres" },
      /on a server of your own/,
    );
    await refused([], {}, /There is no terminal to ask on: say --yes-delete/);
    await refused(["--yes-delete", "dev"], {}, /--yes-delete names "dev"/);
    const pid = await processOf("provisioner");
    process.kill(pid, "SIGSTOP");
    try {
      const { operation } = await world.api<{ operation: { id: string } }>("POST", "/tenant/v1/tenants", {
        ...{ slug: "late", name: "Late", admin: { email: "admin@late.example" } },
      });
      await until(
        async () =>
          (await world.sql("instance", "select from operations where id = $1", [operation.id])).length > 0,
        { what: "the operation to wait", deadlineMs: 30_000, everyMs: 50 },
      );
      await refused(yes, {}, /is not reset while operations are under way: op_\w+ \(create of late\)/);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await until(
      async () =>
        (await world.sql("instance", "select from operations where status in ('queued', 'running')"))
          .length === 0,
      { what: "the operation to end", deadlineMs: 60_000, everyMs: 100 },
    );
  });

  /** Resets by hand: what is typed at the question. */
  const typing = (keys: string, more: Record<string, string> = {}) =>
    atTerminal(
      "bin/berth db-reset",
      { cwd: tree, env: { ...process.env, ...variables, ...more } },
      "Type the environment's name to go on: ",
      keys,
    );

  test.each([
    ["another name", "dev\r"],
    ["nothing", "\r"],
    ["ctrl-C", "\u0003"],
    ["ctrl-D", "\u0004"],
  ])("asks on a terminal, and changes nothing after %s", async (_what, keys) => {
    const before = await names();
    const { code, out } = await typing(keys);
    expect(code, out).toBe(1);
    expect(out).toContain(`This deletes every tenant, account, API key and caught mail of "${settings.env}"`);
    expect(out).toContain(`berth: "${settings.env}" is not reset. Nothing was changed.`);
    expect(out).not.toMatch(/Aborted|look at what is there/);
    expect(await names()).toEqual(before);
  });

  test("that is killed in the middle says so at the next start, and is finished by running it again", async () => {
    const facts = async () => ({
      postgres: await world.docker("inspect", "--format", "{{.Id}}", `berth-${settings.env}-postgres`),
      template: await world.sql(
        "postgres",
        "select oid, datname from pg_database where datistemplate and datname like 'odoo%'",
      ),
      key: await readFile(paths.key, "utf8"),
    });
    // With a catcher of mails, which the environment has not had so far.
    const caught = { BERTH_TOOLS: "mailpit" };
    const there = await berth(["up"], caught);
    expect(there.code, there.err).toBe(0);
    const oldCode = await signUp(caught);
    const before = await facts();
    expect(before.template).toHaveLength(1);
    const note = join(settings.dataDir, "resetting.json");
    const first = spawn(join(tree, "bin/berth"), ["db-reset", "--yes-delete", settings.env], {
      cwd: tree,
      env: { ...process.env, ...variables, ...caught },
      stdio: "ignore",
    });
    await until(() => existsSync(note), { what: "the reset to have begun", deadlineMs: 120_000, everyMs: 5 });
    first.kill("SIGKILL");
    await once(first, "exit");
    expect(existsSync(note)).toBe(true);

    for (const verb of ["start", "up"]) {
      const start = await berth([verb], caught);
      expect(start.code, verb).toBe(1);
      expect(start.err).toContain(`Finish it: bin/berth db-reset --yes-delete ${settings.env}`);
    }
    expect((await berth(["doctor"], caught)).out).toContain("was begun and not finished");

    const { code, out: said } = await typing(`${settings.env}\r`, caught);
    expect(code, said).toBe(0);
    for (const step of [
      "remove tenants' containers and files",
      "drop databases",
      "empty Redis",
      "remove caught mails",
      "platform",
      "control plane",
    ])
      expect(said, step).toContain(`  ${step} ...`);
    expect(said).toContain(`"${settings.env}" is new`);
    expect(await facts()).toEqual(before);
    expect((await names()).filter((name) => name.startsWith("ten_"))).toEqual([]);
    expect(
      await world.docker(
        "ps",
        "--all",
        "--filter",
        `label=berth.env=${settings.env}`,
        "--filter",
        "label=berth.tenant",
        "--format",
        "{{.Names}}",
      ),
    ).toBe("");
    expect(
      await world.docker(
        "volume",
        "ls",
        "--filter",
        `label=berth.env=${settings.env}`,
        "--filter",
        "label=berth.tenant",
        "--quiet",
      ),
    ).toBe("");
    expect(await world.sql("tenant", "select from tenants")).toEqual([]);
    const mail = await berth(["mail", "ann@reset.example"], caught);
    expect(mail).toMatchObject({ code: 1, err: "berth: There is no mail to ann@reset.example.\n" });
    expect(await signUp(caught)).not.toBe(oldCode);
    await mustBerth("up");
    // And it works: with the new key a tenant of the same name as before.
    world = await openWorld();
    await provisionerTakesWork();
    await world.create({ slug: "kept" });
    expect((await berth(["db-test"])).code).toBe(0);
    await world.remove("kept");
  });
});
