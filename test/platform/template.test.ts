import { spawn } from "node:child_process";
import { expect, inject, test } from "vitest";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { readCatalogue } from "../../control-plane/platform/template/catalogue.ts";
import { ensureTemplate } from "../../control-plane/platform/template/ensure.ts";
import { templateName } from "../../control-plane/platform/template/name.ts";
import { until } from "../../control-plane/until.ts";
import { asAdmin, platformArgs, run, settings } from "./support.ts";

const { template } = await readPlatform(settings.dataDir);

/** Runs `work` in a clone of the template, and says how long cloning took. */
async function inClone<T>(
  work: (query: (sql: string) => Promise<unknown[]>, ms: number) => Promise<T>,
): Promise<T> {
  const name = "probe_clone";
  const from = performance.now();
  await asAdmin((client) => client.query(`create database ${name} template ${template.name}`));
  const ms = performance.now() - from;
  try {
    return await asAdmin((client) => work(async (sql) => (await client.query(sql)).rows, ms), name);
  } finally {
    await asAdmin((client) => client.query(`drop database ${name} with (force)`));
  }
}

test("its making was told step by step", () => {
  const told = inject("platformTold").filter((line) => line.startsWith("template: "));
  expect(told[0]).toMatch(/^template: starting Odoo, \d+ s so far$/);
  expect(told.some((line) => /^template: module web \(\d+ of \d+\), \d+ s so far$/.test(line))).toBe(true);
  expect(told.at(-1)).toMatch(new RegExp(`^template: ${template.name} is made, \\d+ s so far$`));
});

test("it is closed, belongs to nobody who logs in, and carries its catalogue", async () => {
  await asAdmin(async (client) => {
    const { rows } = await client.query(
      `select pg_get_userbyid(datdba) as owner, datistemplate, datallowconn, datcollate, datctype,
         pg_database_size(oid)::int / 1048576 as mb from pg_database where datname = $1`,
      [template.name],
    );
    expect(rows).toEqual([
      {
        owner: "postgres",
        datistemplate: true,
        datallowconn: false,
        datcollate: "C",
        datctype: "C.UTF-8",
        mb: expect.any(Number),
      },
    ]);
    expect(rows[0].mb).toBeLessThan(30);
    const catalogue = await readCatalogue(client, template.name);
    expect(catalogue?.odooVersion).toMatch(/^19\.0/);
    expect(template.odooVersion).toBe(catalogue?.odooVersion);
    expect(catalogue?.modules).toEqual(expect.arrayContaining(["base", "web", "sale", "account", "mail"]));
    expect(catalogue?.languages).toEqual(expect.arrayContaining(["en_US", "fr_FR", "de_DE"]));
    expect(catalogue?.countries).toEqual(expect.arrayContaining(["FR", "DE", "CH"]));
    const { rows: roles } = await client.query(
      "select rolname, rolcanlogin from pg_roles where rolname = 'odoo_template_objects' or rolname like 'building%'",
    );
    expect(roles).toEqual([{ rolname: "odoo_template_objects", rolcanlogin: false }]);
  });
});

test("a clone has Odoo's objects under one owner, its files inside, bundles made, and no demo data", async () => {
  await inClone(async (query, ms) => {
    console.log(`cloning took ${ms.toFixed(0)} ms`);
    expect(
      await query(`select distinct pg_get_userbyid(relowner) as owner from pg_class c
        join pg_namespace n on n.oid = relnamespace where nspname = 'public'`),
    ).toEqual([{ owner: "odoo_template_objects" }]);
    expect(
      await query("select count(*)::int as outside from ir_attachment where store_fname is not null"),
    ).toEqual([{ outside: 0 }]);
    const bundles = (await query(
      "select name from ir_attachment where url like '/web/assets/%' and db_datas is not null",
    )) as Array<{ name: string }>;
    expect(bundles.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "web.assets_frontend.min.css",
        "web.assets_frontend_minimal.min.js",
        "web.assets_frontend_lazy.min.js",
        "web.assets_web.min.css",
        "web.assets_web.min.js",
      ]),
    );
    expect(
      await query(
        "select key, value from ir_config_parameter where key in ('ir_attachment.location', 'web.max_file_upload_size')",
      ),
    ).toEqual([{ key: "web.max_file_upload_size", value: `${512 * 2 ** 20}` }]);
    expect(await query("select count(*)::int as demo from ir_module_module where demo")).toEqual([
      { demo: 0 },
    ]);
    expect(
      await query("select login from res_users where password is null or password not like '$pbkdf2%'"),
    ).toEqual([]);
  });
});

test("a build that was killed leaves nothing behind, and of two that follow one builds and the other waits", async () => {
  const args = await platformArgs();
  // Another image, as far as names go: the template that is there does not count.
  const images = { ...args.tools.images, odoo: { ...args.tools.images.odoo, digest: "sha256:another" } };
  const { name, key } = await templateName(images.odoo.digest);
  const container = `berth-${settings.env}-building_${key}`;
  const isThere = async () => (await run("docker", ["ps", "-q", "--filter", `name=${container}`])) !== "";
  const script = `
    import { ensureTemplate } from ${JSON.stringify(new URL("../../control-plane/platform/template/ensure.ts", import.meta.url).href)};
    import { createRun } from ${JSON.stringify(new URL("../../control-plane/platform/run.ts", import.meta.url).href)};
    const args = JSON.parse(process.argv[1]);
    await ensureTemplate({ ...args, run: createRun(process.env), progress() {} });`;
  const victim = spawn(
    process.execPath,
    ["--input-type=module", "-e", script, JSON.stringify({ settings, tools: { ...args.tools, images } })],
    { stdio: "inherit" },
  );
  const ended = new Promise((resolve) => victim.once("exit", resolve));
  await until(isThere, { what: "the build to be under way", deadlineMs: 30_000, everyMs: 50 });
  victim.kill("SIGKILL");
  await ended;
  // Its lock goes with its session, which PostgreSQL ends when it next has something to say to it.
  const isFree = () =>
    asAdmin(async (client) => {
      const { rows } = await client.query("select from pg_locks where locktype = 'advisory'");
      return rows.length === 0;
    });
  await until(isFree, { what: "the dead builder's lock to go", deadlineMs: 30_000, everyMs: 50 });

  const told: string[][] = [[], []];
  const both = told.map((lines) =>
    ensureTemplate({
      settings,
      tools: { ...args.tools, images },
      run,
      progress: (text) => void lines.push(text),
    }),
  );
  const made = await Promise.all(both);
  expect(made.map((one) => one.name)).toEqual([name, name]);
  const waits = told.filter((lines) => lines.includes("another run builds the template; waiting for it"));
  expect(waits).toHaveLength(1);
  expect(told.filter((lines) => lines.some((line) => line.includes("is made")))).toHaveLength(1);

  expect(await run("docker", ["ps", "-aq", "--filter", `name=berth-${settings.env}-building_`])).toBe("");
  await asAdmin(async (client) => {
    const { rows } =
      await client.query(`select datname as name from pg_database where datname like 'building%'
      union all select rolname from pg_roles where rolname like 'building%'`);
    expect(rows).toEqual([]);
    await client.query(`alter database ${name} is_template false`);
    await client.query(`drop database ${name}`);
  });
});

test("a build that fails says why and leaves nothing behind", async () => {
  const args = await platformArgs();
  const { postgres } = args.tools.images;
  // An image without Odoo in it.
  const images = { ...args.tools.images, odoo: { ref: postgres.ref, digest: "sha256:without-odoo" } };
  const building = ensureTemplate({ settings, tools: { ...args.tools, images }, run, progress() {} });
  await expect(building).rejects.toThrow(/^The template database could not be built: .*python3/s);
  await asAdmin(async (client) => {
    const { rows } = await client.query("select datname from pg_database where datname like 'building%'");
    expect(rows).toEqual([]);
  });
});
