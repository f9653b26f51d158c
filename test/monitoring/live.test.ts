import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { apiHost } from "../../control-plane/settings.ts";
import { askSupervisor } from "../../control-plane/supervisor/ask.ts";
import { DeadlineError, until } from "../../control-plane/until.ts";
import { type Made, openWorld, type World } from "../e2e/world.ts";
import { table } from "../support/table.ts";
import { listenForAlerts, type ToldAlert } from "./alertmanager.ts";
import { type Ask, prometheusAt, type Series } from "./prometheus.ts";
import { selectorsOf, withoutConditions } from "./promql.ts";
import { panelQueries, readRules } from "./queries.ts";

const run = promisify(execFile);
let world: World;
let ask: Ask;
let ember: Made;
let frost: Made;
let alertmanager: Awaited<ReturnType<typeof listenForAlerts>>;

const visit = async ({ host }: Made, path: string, times: number) => {
  for (let n = 0; n < times; n++)
    await throughTraefik(world.settings.httpPort, host, path, { timeoutMs: 60_000 });
};
/** Waits until a query gives what is wanted; two looks at tenants and a scrape take half a minute. */
const untilAsked = (query: string, is: (found: Series[]) => boolean, deadlineMs = 60_000) =>
  until(
    async () => {
      const found = await ask(query);
      return is(found) ? found : undefined;
    },
    { what: `what Prometheus says to ${query}`, deadlineMs, everyMs: 1000 },
  );
const one = async (query: string) => {
  const found = await ask(query);
  expect(found.length, query).toBe(1);
  return (found[0] as Series).value;
};
const requests = ({ tenant }: Made, status: string) =>
  `sum(berth_tenant_requests_total{slug="${tenant.slug}", class="${status}"})`;
const isThere = (found: Series[]) => found.length > 0;
const isGone = (found: Series[]) => found.length === 0;
const chosen = { tenant: "ember", instance: "production" };
/** Waits until the Alertmanager was told of an alert. */
const untilTold = (what: string, is: (alert: ToldAlert) => boolean) =>
  until(() => alertmanager.told.find(is), {
    what: `${what} at the Alertmanager`,
    deadlineMs: 90_000,
    everyMs: 500,
  });

beforeAll(async () => {
  world = await openWorld();
  ask = prometheusAt(world.settings.toolPorts.prometheus);
  alertmanager = await listenForAlerts(world.settings.alertmanager ?? "");
  [ember, frost] = await Promise.all([world.create({ slug: "ember" }), world.create({ slug: "frost" })]);
  await certify("short.example", 2);
  // Sizes are looked at once a minute.
  for (const size of ["berth_tenant_database_bytes", "berth_tenant_files_bytes"])
    await untilAsked(`${size} > 0`, (found) => found.length === 2, 180_000);
}, 600_000);
afterAll(async () => {
  alertmanager.close();
  for (const slug of ["ember", "frost"]) await world.remove(slug);
});

/** Puts a real certificate into Traefik that ends in some days. */
async function certify(name: string, days: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "berth-certificate-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const made = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const about = ["-days", `${days}`, "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  await run("openssl", ["req", ...made, ...about, "-keyout", key, "-out", certificate]);
  await world.redis("set", "traefik/tls/certificates/0/keyFile", await readFile(key, "utf8"));
  await world.redis("set", "traefik/tls/certificates/0/certFile", await readFile(certificate, "utf8"));
  await rm(folder, { recursive: true });
}

/** Has a restart fail, because the database in place is another tenant's; then puts it right, and the next one succeeds. */
async function failOnce({ tenant, database }: Made): Promise<void> {
  const uuid = "ir_config_parameter SET value = $1 WHERE key = 'database.uuid'";
  const restart = async () => {
    const path = `/instance/v1/tenants/${tenant.slug}/instances/production/restart`;
    const { operation } = await world.api<{ operation: { id: string } }>("POST", path);
    return (await world.ended(operation.id)).status;
  };
  const [own] = await world.sql<{ value: string }>(
    database,
    "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'",
  );
  await world.sql(database, `UPDATE ${uuid}`, ["00000000-0000-4000-8000-000000000000"]);
  expect(await restart()).toBe("failed");
  await world.sql(database, `UPDATE ${uuid}`, [own?.value]);
  expect(await restart()).toBe("succeeded");
}

test("before anything went wrong every panel of errors says 0, and not nothing", async () => {
  const queries = (await panelQueries(chosen)).filter(
    ({ countsErrors, listsWhatIsWrong }) => countsErrors && !listsWhatIsWrong,
  );
  expect(queries.length).toBeGreaterThanOrEqual(15);
  const read = () =>
    Promise.all(
      queries.map(async ({ where, query }) => [where, (await ask(query)).map(({ value }) => value)] as const),
    );
  // A rate needs two looks at what is counted from the start.
  const said = await until(
    async () => {
      const now = await read();
      return now.every(([, values]) => values.length > 0) && now;
    },
    { what: "what every panel of errors says", deadlineMs: 40_000, everyMs: 2000 },
  ).catch(read);
  console.log(
    table(
      ["panel", "says"],
      said.map(([where, values]) => [where, values.join(" ")]),
    ),
  );
  expect(said.filter(([, values]) => values.length === 0 || values.some((value) => value !== 0))).toEqual([]);
});

test("requests to two tenants are counted exactly, each with its own", async () => {
  const classes = ["2xx", "4xx", "5xx"];
  const counted = async (made: Made) => Promise.all(classes.map((status) => one(requests(made, status))));
  const before = { ember: await counted(ember), frost: await counted(frost) };
  await Promise.all([visit(ember, "/web/login", 40), visit(frost, "/web/login", 15)]);
  await Promise.all([visit(ember, "/berth/nothing/here", 7), visit(frost, "/berth/nothing/here", 3)]);
  await world.docker("stop", "-t", "2", frost.container);
  await visit(frost, "/web/login", 5);
  await world.docker("start", frost.container);
  await untilAsked(`${requests(ember, "2xx")} >= ${(before.ember[0] ?? 0) + 40}`, isThere);
  await untilAsked(`${requests(frost, "5xx")} >= ${(before.frost[2] ?? 0) + 5}`, isThere);
  expect(await counted(ember)).toEqual([40, 7, 0].map((more, at) => (before.ember[at] ?? 0) + more));
  expect(await counted(frost)).toEqual([15, 3, 5].map((more, at) => (before.frost[at] ?? 0) + more));
});

test("what tenants use is plausible", async () => {
  await untilAsked('berth_tenant_up{slug="frost"} == 1', isThere, 120_000);
  for (const slug of ["ember", "frost"]) {
    const own = (name: string) => one(`${name}{slug="${slug}", instance="production"}`);
    await visit(slug === "ember" ? ember : frost, "/web/login", 3);
    await untilAsked(`berth_tenant_connections{slug="${slug}"} > 0`, isThere);
    expect(await own("berth_tenant_memory_bytes")).toBeGreaterThan(50e6);
    expect(await own("berth_tenant_database_bytes")).toBeGreaterThan(1e6);
    expect(await own("berth_tenant_cpu_seconds_total")).toBeGreaterThan(0);
    expect(await own("berth_tenant_files_bytes")).toBeGreaterThan(0);
  }
  expect(await one('sum(berth_tenants{status="ready"})')).toBe(2);
});

test("an operation that fails is counted", async () => {
  const failed = 'sum(berth_operations_total{kind="restart", outcome="failed"})';
  const before = await one(failed);
  await failOnce(frost);
  await untilAsked(`${failed} == ${before + 1}`, isThere);
  await untilAsked('berth_tenant_up{slug="frost"} == 1', isThere, 120_000);
});

test("every query of every panel gives figures", async () => {
  // What is told by the minute needs something in the last minute.
  await Promise.all([visit(ember, "/web/login", 20), visit(frost, "/web/login", 20)]);
  for (let n = 0; n < 10; n++)
    await throughTraefik(world.settings.httpPort, apiHost(world.settings), "/user/health");
  const { operation } = await world.api<{ operation: { id: string } }>(
    "POST",
    "/instance/v1/tenants/ember/check",
  );
  expect((await world.ended(operation.id)).status).toBe("succeeded");
  const queries = await panelQueries(chosen);
  const asked = queries.filter(({ listsWhatIsWrong }) => !listsWhatIsWrong);
  expect(asked.length).toBeGreaterThan(100);
  let rows: string[][] = [];
  // A rate needs two looks at what was counted just now.
  await until(
    async () => {
      rows = await Promise.all(
        asked.map(async ({ where, query }) => {
          const found = await ask(query);
          // Where nothing was counted an average is no number; where something was it is.
          const [sample] = found.filter(({ value }) => !Number.isNaN(value));
          return [where, `${found.length}`, sample ? `${sample.value}` : "-", query];
        }),
      );
      return rows.every(([, , sample]) => sample !== "-");
    },
    { what: "figures for every query", deadlineMs: 40_000, everyMs: 2000 },
  ).catch((error) => {
    // Which were empty is said below.
    if (!(error instanceof DeadlineError)) throw error;
  });
  expect(rows.length).toBe(asked.length);
  console.log(table(["panel", "series", "sample", "query"], rows));
  expect(rows.filter(([, , sample]) => sample === "-")).toEqual([]);
  for (const [where, , sample, query = ""] of rows)
    if (!/deriv/.test(query)) expect(Number(sample), where).toBeGreaterThanOrEqual(0);
});

test("every alert and every recorded figure reads series that are there, and its sides meet", async () => {
  const rows: string[][] = [];
  const empty: string[] = [];
  for (const { alert, record, expr } of await readRules()) {
    const name = alert ?? record ?? "";
    const parts = record ? [record] : [...selectorsOf(expr), withoutConditions(expr)];
    for (const query of new Set(parts)) {
      const found = await ask(query);
      rows.push([name, `${found.length}`, `${found[0]?.value ?? "-"}`, query]);
      if (found.length === 0) empty.push(`${name}: ${query}`);
    }
  }
  console.log(table(["rule", "series", "sample", "reads"], rows));
  expect(empty).toEqual([]);
  // Prometheus itself could evaluate all of them.
  expect(await one("sum(prometheus_rule_evaluation_failures_total)")).toBe(0);
});

test("a certificate that ends in two days is told of, and no other", async () => {
  const left = await ask("(traefik_tls_certs_not_after - time()) / 86400 < 3");
  expect(left.map(({ labels }) => labels.cn)).toEqual(["short.example"]);
  await untilAsked('ALERTS{alertname="CertificateNearEnd", severity="page", cn="short.example"}', isThere);
});

test("a tenant that differs from its program is told of by name, until its next check finds it mended", async () => {
  const check = async () => {
    const { operation } = await world.api<{ operation: { id: string } }>(
      "POST",
      "/instance/v1/tenants/frost/check",
    );
    expect((await world.ended(operation.id)).status).toBe("succeeded");
  };
  const drift = 'ALERTS{alertname="DriftFound", severity="ticket", slug="frost", instance="production"}';
  await world.sql("postgres", `ALTER ROLE ${frost.database} CREATEDB`);
  await check();
  // It fires after five minutes of this.
  await untilAsked(drift, isThere);
  expect(await ask('ALERTS{alertname="DriftFound", slug="ember"}')).toEqual([]);
  expect(await one("sum(berth_tenants_drifted)")).toBe(1);
  await world.sql("postgres", `ALTER ROLE ${frost.database} NOCREATEDB`);
  await check();
  await untilAsked(drift, isGone);
});

test("a template that is gone is told of, until it is back", async () => {
  const { name } = (await readPlatform(world.settings.dataDir)).template;
  const missing = 'ALERTS{alertname="TemplateMissing", severity="page"}';
  expect(await ask(missing)).toEqual([]);
  let isBack = false;
  const bringBack = async () => {
    if (!isBack) await world.sql("postgres", `ALTER DATABASE lost_for_a_test RENAME TO ${name}`);
    isBack = true;
  };
  await world.sql("postgres", `ALTER DATABASE ${name} RENAME TO lost_for_a_test`);
  onTestFinished(bringBack);
  // It fires after ten minutes of this.
  await untilAsked(missing, isThere);
  await bringBack();
  await untilAsked("berth_template_age_seconds < Inf", isThere);
});

test("a tenant and parts that are away fire, reach the Alertmanager, are on the lists of what is wrong, and end", async () => {
  const parts = ["redis-exporter", "redis", "traefik"].map((part) => `berth-${world.settings.env}-${part}`);
  await world.docker("stop", "-t", "2", frost.container, ...parts);
  let isBack = false;
  const bringBack = async () => {
    if (!isBack) await world.docker("start", frost.container, ...parts);
    isBack = true;
  };
  onTestFinished(bringBack);
  const down = 'ALERTS{alertname="TenantDown", slug="frost", severity="page", alertstate="firing"}';
  const away = 'ALERTS{alertname="PartAway", part="redis-exporter", severity="ticket"}';
  const awayPage =
    'ALERTS{alertname="PartAway", part=~"redis|traefik", severity="page", alertstate="firing"}';
  // Two minutes until it is sure, and what it takes to be seen.
  await untilAsked(down, isThere, 240_000);
  await untilAsked(away, isThere);
  await untilAsked(awayPage, (found) => found.length === 2);
  expect(await ask('ALERTS{alertname="TenantDown", slug="ember"}')).toEqual([]);
  const isDown = ({ labels }: ToldAlert) => labels.alertname === "TenantDown" && labels.slug === "frost";
  expect(await untilTold("TenantDown", isDown)).toMatchObject({
    labels: {
      severity: "page",
      environment: world.settings.env,
      tenant: frost.tenant.id,
      instance: "production",
    },
    annotations: { summary: "Tenant frost is down", runbook: "docs/runbooks/tenant-down.md" },
  });
  for (const part of ["redis", "traefik"])
    await untilTold(`${part} away`, ({ labels }) => labels.alertname === "PartAway" && labels.part === part);
  for (const { where, query, listsWhatIsWrong } of await panelQueries({ ...chosen, tenant: "frost" }))
    if (listsWhatIsWrong) expect((await ask(query)).length, where).toBeGreaterThan(0);
  expect(await one("sum(berth_tenant_up == bool 0)")).toBe(1);
  await bringBack();
  await untilAsked(`${down.replace(', alertstate="firing"', "")} or ${away} or ${awayPage}`, isGone, 180_000);
  await untilTold("the end", (alert) => isDown(alert) && Date.parse(alert.endsAt) <= Date.now());
});

test("a provisioner that does not answer wakes somebody, and of tenants nobody says that all is well", async () => {
  const all = await panelQueries(chosen);
  const tenantsDown = all.find(({ where }) => where.startsWith("Berth: fleet: Tenants down"))?.query ?? "";
  expect(await one(tenantsDown)).toBe(0);
  const state = await askSupervisor(dataPaths(world.settings.dataDir).supervisorSocket, "status");
  const pid = state?.children.find(({ name }) => name === "provisioner")?.pid;
  if (!pid) throw new Error("The supervisor knows of no provisioner.");
  process.kill(pid, "SIGSTOP");
  onTestFinished(() => void process.kill(pid, "SIGCONT"));
  const fired = 'ALERTS{alertname="ProvisionerAway", severity="page", alertstate="firing"}';
  await untilAsked(fired, isThere, 150_000);
  // What was seen last counts for two minutes.
  await untilAsked("berth_tenant_up", isGone, 150_000);
  expect(await ask(tenantsDown)).toEqual([]);
  process.kill(pid, "SIGCONT");
  await untilAsked('ALERTS{alertname="ProvisionerAway"}', isGone, 60_000);
  await untilAsked(`(${tenantsDown}) == 0`, isThere);
});
