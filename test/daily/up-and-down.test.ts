import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { odooLogin } from "../../control-plane/cli/odoo-login.ts";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { apiHost } from "../../control-plane/settings.ts";
import { askSupervisor } from "../../control-plane/supervisor/ask.ts";
import { until } from "../../control-plane/until.ts";
import { type Made, openWorld, type World } from "../e2e/world.ts";
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
import { ended } from "./tree.ts";

let world: World;
let made: Made;
beforeAll(async () => {
  world = await openWorld();
  made = await world.create({ slug: "daily" });
});
afterAll(async () => {
  await mustBerth("up");
  await world.remove("daily");
});

const status = () => askSupervisor(paths.supervisorSocket, "status");

test("it says at its end where everything is, who may sign in, and which file holds the password", async () => {
  const said = inject("dailySaid");
  const table = said.slice(said.indexOf("what  "));
  for (const what of [
    "API",
    "tenants",
    "Prometheus",
    "Grafana",
    "pgAdmin",
    "Mailpit",
    "Traefik",
    "PostgreSQL",
    "Redis",
  ])
    expect(table, what).toMatch(new RegExp(`^ *${what} `, "m"));
  // These tests go without tools: that is said, too.
  expect(table).toMatch(/Grafana +not here: BERTH_TOOLS leaves it out/);
  for (const file of [paths.staffPassword, paths.apiKey, paths.postgresPassword, paths.redisPassword])
    expect(table).toContain(file);
  expect(table).toContain("docs/operators-guide.md, under Tools for people");
  const urls = [...table.matchAll(/http:\/\/[\d.]+:\d+\S*/g)].map(([url]) => url);
  expect(urls.length).toBeGreaterThanOrEqual(5);
  for (const url of urls) {
    const answer = await fetch(url);
    expect(answer.status, url).toBe(200);
  }
  const throughApi = await throughTraefik(settings.httpPort, apiHost(settings), "/");
  expect(throughApi.status).toBe(200);
  const { staffPassword } = paths;
  const password = await readFile(staffPassword, "utf8");
  const email = /API +\S+ +(\S+@\S+)/.exec(table)?.[1];
  const session = await fetch(`http://127.0.0.1:${settings.apiPort}/user/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  expect(session.status).toBe(201);
});

test("nothing that it says is a secret", async () => {
  const names = await readdir(paths.secrets);
  const secrets = await Promise.all(
    names.map(async (name) => (await readFile(join(paths.secrets, name), "utf8")).trim()),
  );
  expect(secrets.length).toBeGreaterThan(10);
  for (const secret of secrets) expect(inject("dailySaid")).not.toContain(secret);
});

test("a second time it only checks", async () => {
  const before = await status();
  const { code, out } = await berth(["up"]);
  expect(code, out).toBe(0);
  expect(out).toContain("runs already, as the code is now");
  expect(await status()).toEqual(before);
  expect(before?.watches).toBe(true);
});

test("operations that are under way when all is restarted are taken up again, and end", async () => {
  const create = (slug: string) =>
    world.api<{ operation: { id: string } }>("POST", "/tenant/v1/tenants", {
      ...{ slug, name: slug, admin: { email: `admin@${slug}.example` } },
    });
  const slugs = ["one", "two", "three"];
  const asked = [];
  for (const slug of slugs) asked.push(await create(slug));
  const before = await status();
  // One worker: when the first is worked on the others wait.
  await until(
    async () => (await world.sql("instance", "select from operations where status = 'running'")).length > 0,
    { what: "an operation to be worked on", deadlineMs: 30_000, everyMs: 10 },
  );
  const from = new Date();
  const said = await mustBerth("restart");
  expect(said).toContain("Operations that were under way go on by themselves.");
  for (const { operation } of asked)
    expect(await world.ended(operation.id)).toMatchObject({ status: "succeeded" });
  const after = await status();
  expect(after?.pid).toBe(before?.pid);
  for (const child of after?.children ?? []) {
    expect(child.pid).not.toBe(before?.children.find(({ name }) => name === child.name)?.pid);
    expect(child.restarts).toBe(0);
  }
  // It was in the middle: some ended only after it.
  const late = await world.sql("instance", "select from operations where finished_at > $1 and id = any($2)", [
    from,
    asked.map(({ operation }) => operation.id),
  ]);
  expect(late.length).toBeGreaterThan(0);
  for (const slug of slugs) await world.remove(slug);
});

test("one part is restarted, and the others stay; a container keeps its data", async () => {
  const before = await status();
  expect(await mustBerth("restart", "tenant-service")).toContain("the three services are one process here");
  const after = await status();
  const pid = (name: string, of = after) => of?.children.find((child) => child.name === name)?.pid;
  expect(pid("services")).not.toBe(pid("services", before));
  expect(pid("provisioner")).toBe(pid("provisioner", before));
  const startedAt = () =>
    world.docker("inspect", "--format", "{{.State.StartedAt}}", `berth-${settings.env}-traefik`);
  const first = await startedAt();
  await mustBerth("restart", "traefik");
  expect(await startedAt()).not.toBe(first);
  await servesAgain();
  const wrong = await berth(["restart", "mysql"]);
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain('There is no part "mysql" to restart: user-service, tenant-service');
});

test("changed code is run without anybody's doing, and the platform does not notice", async () => {
  const file = join(tree, "control-plane", "http", "docs.ts");
  const text = await readFile(file, "utf8");
  const title = async () => {
    const answer = await fetch(`http://127.0.0.1:${settings.apiPort}/user/openapi.json`).catch(
      () => undefined,
    );
    return answer?.ok ? ((await answer.json()) as { info: { title: string } }).info.title : undefined;
  };
  const containers = () =>
    world.docker("ps", "--filter", `label=berth.env=${settings.env}`, "--format", "{{.ID}} {{.Names}}");
  const before = await containers();
  const supervisor = (await status())?.pid;
  const becomes = (wanted: string) =>
    until(async () => (await title()) === wanted, {
      what: `the title ${wanted}`,
      deadlineMs: 60_000,
      everyMs: 100,
    });
  expect(await title()).toBe("Berth: user service");
  try {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it stands so in the file.
    await writeFile(file, text.replace("title: `Berth: ${service} service`", '"title": "changed"'));
    await becomes("changed");
  } finally {
    await writeFile(file, text);
  }
  await becomes("Berth: user service");
  expect(await containers()).toBe(before);
  expect((await status())?.pid).toBe(supervisor);
  await provisionerTakesWork();
});

test("code of the supervisor itself that has changed is run after the next up, which says so", async () => {
  const before = await status();
  const file = join(tree, "control-plane", "supervisor", "rotate.ts");
  const text = await readFile(file, "utf8");
  await writeFile(file, `${text}\n// Changed.\n`);
  const said = await mustBerth("up");
  expect(said).toContain("it runs with other code: it is stopped and started again");
  expect((await status())?.pid).not.toBe(before?.pid);
  await servesAgain();
});

async function servesAgain(): Promise<void> {
  const credentials = {
    database: made.database,
    login: made.admin.email,
    password: made.admin.password ?? "",
  };
  await until(
    () =>
      odooLogin(settings.httpPort, made.host, credentials).then(
        () => true,
        () => false,
      ),
    { what: "the tenant to let its administrator in", deadlineMs: 120_000, everyMs: 500 },
  );
}

test("down stops all and keeps it, down again has nothing to do, and up brings the tenants back", async () => {
  const running = async () =>
    (await world.docker("ps", "--filter", `label=berth.env=${settings.env}`, "--format", "{{.Names}}"))
      .split("\n")
      .filter(Boolean);
  const before = await running();
  expect(before).toContain(made.container);
  // To stop it nothing is downloaded or built, also where everything that was is gone.
  const cache = await mkdtemp(join(tmpdir(), "berth-no-cache-"));
  const node = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const first = await berth(["down"], { BERTH_CACHE_DIR: cache, ...node });
  expect(first.code, first.err).toBe(0);
  expect(await readdir(cache)).toEqual([]);
  await rm(cache, { recursive: true });
  expect(first.out).toContain(`is down: ${before.length} containers are stopped. Its data are kept`);
  expect(await running()).toEqual([]);
  expect(await status()).toBeUndefined();
  const second = await mustBerth("down");
  expect(second).toContain(`Nothing of "${settings.env}" was running. Its data are kept`);
  for (const verb of [["db-test"], ["shell", "tenant-service"]])
    expect(await berth(verb), verb.join(" ")).toMatchObject({
      code: 1,
      err: "berth: There is no PostgreSQL to ask: the environment is down. Bring the environment up: bin/berth up\n",
    });
  const doctor = await berth(["doctor"]);
  expect(doctor.code, doctor.out).toBe(0);
  expect(doctor.out).toContain("was taken down; its data are kept");
  await mustBerth("up");
  expect((await running()).toSorted()).toEqual(before.toSorted());
  await servesAgain();
  await provisionerTakesWork();
  expect(await processOf("provisioner")).toBeGreaterThan(0);
});

test("where no engine answers, or another's PostgreSQL does not, it says so and what to do", async () => {
  const nowhere = { DOCKER_HOST: "unix:///none/docker.sock", BERTH_TOOLS: "pgadmin" };
  for (const verb of [["down"], ["up"], ["pgadmin"], ["shell", "traefik"], ["restart", "traefik"]]) {
    const { code, err } = await berth(verb, nowhere);
    expect(code, verb.join(" ")).toBe(1);
    expect(err).toMatch(
      /^berth: The Docker engine does not answer: .*none\/docker\.sock.* Start it: (systemctl start docker|bin\/setup)\. More is said by bin\/berth doctor\n$/,
    );
  }
  const { err } = await berth(["db-test"], nowhere);
  expect(err).toMatch(/^berth: There is no PostgreSQL to ask: the Docker engine does not answer: /);
  const elsewhere = { BERTH_PLATFORM_DATABASE_URL: "postgres://p@127.0.0.1:1/postgres" };
  expect(await berth(["db-test"], elsewhere)).toMatchObject({
    code: 1,
    err: "berth: PostgreSQL at 127.0.0.1:1 does not answer. What is wrong, and what mends it: bin/berth doctor\n",
  });
});

test("of an environment that was never made nothing is stopped, and make says each thing with its right name", async () => {
  const env = { ...process.env, ...variables, BERTH_ENV: "none-such", BERTH_DATA_DIR: join(tree, "none") };
  const down = await ended("bin/berth", ["down"], { cwd: tree, env });
  expect(down).toMatchObject({ code: 0 });
  expect(down.out).toContain('Nothing of "none-such" is here to be stopped.');
  for (const verb of [["db-test"], ["shell", "tenant-service"]])
    expect(await ended("bin/berth", verb, { cwd: tree, env }), verb.join(" ")).toMatchObject({
      code: 1,
      err: "berth: There is no PostgreSQL to ask: this environment was never brought up. Bring the environment up: bin/berth up\n",
    });
  const make = (...args: string[]) =>
    ended("make", args, { cwd: tree, env: { ...process.env, ...variables } });
  const { out } = await make();
  for (const target of [
    ...[
      "dev-up",
      "dev-down",
      "dev-logs",
      "dev-logs-service",
      "dev-shell",
      "dev-restart",
      "test",
      "test-service",
    ],
    ...["format", "lint", "security-scan", "db-test", "db-reset", "pgadmin-open", "build", "build-service"],
  ])
    expect(out, target).toMatch(new RegExp(`^  ${target} +\\S`, "m"));
  expect(out).toContain(
    "SERVICE is one of: user-service tenant-service instance-service provisioner postgres",
  );
  for (const target of ["dev-shell", "dev-logs-service", "test-service"]) {
    const missing = await make(target);
    expect(missing.code, target).not.toBe(0);
    expect(missing.err, target).toMatch(/Say which part to .*: user-service, /);
    const wrong = await make(target, "SERVICE=mysql");
    expect(wrong.code, target).not.toBe(0);
    expect(wrong.err, target).toMatch(/There is no part "mysql" to .*: user-service, .*mailpit\./);
  }
  const pgadmin = await make("pgadmin-open");
  expect(pgadmin.code).not.toBe(0);
  expect(pgadmin.err).toContain("pgAdmin is not here: BERTH_TOOLS leaves it out.");
});
