import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createLog } from "../../control-plane/observability/log.ts";
import { pulumiEnv } from "../../control-plane/pulumi-env.ts";
import { fingerprint, parseSettings, withoutSecrets } from "../../control-plane/settings.ts";

test("a server's URL may hold no password, and is one", () => {
  const tenants = (url: string) => parseSettings({ BERTH_TENANTS_DATABASE_URL: url });
  expect(tenants("postgres://provisioner@db.example:5433/postgres").tenantsDatabaseUrl).toBe(
    "postgres://provisioner@db.example:5433/postgres",
  );
  expect(() => tenants("postgres://provisioner:hush@db.example/postgres")).toThrow(
    /BERTH_TENANTS_DATABASE_URL: holds a password(?!.*hush)/,
  );
  expect(() => tenants("postgres://db.example/postgres")).toThrow("names no user");
  expect(() => tenants("db.example:5432")).toThrow("BERTH_TENANTS_DATABASE_URL: must be postgres://");
});

test("proxies are addresses or networks, and there are none unless they are named", () => {
  const proxies = (text: string) => parseSettings({ BERTH_PROXIES: text }).proxies;
  expect(proxies("")).toEqual([]);
  expect(proxies("127.0.0.1, 10.1.0.0/16,fd00::/8, ::1")).toEqual([
    "127.0.0.1",
    "10.1.0.0/16",
    "fd00::/8",
    "::1",
  ]);
  for (const bad of ["proxy.example", "127.0.0.1,", "10.1.0.0/33", "*"])
    expect(() => proxies(bad), bad).toThrow(/BERTH_PROXIES.*must be addresses or networks/);
});

const project = "https://abcdefgh.supabase.co";
const jwtSecret = "a-secret-of-the-tests-with-enough-characters";

test("a Supabase project is named by its https address, or one of this machine", () => {
  const url = (text: string) => parseSettings({ SUPABASE_URL: text }).supabase?.url;
  expect(url(project)).toBe(project);
  expect(url(`${project}/`)).toBe(project);
  expect(url("http://127.0.0.1:54321")).toBe("http://127.0.0.1:54321");
  expect(url("http://localhost:54321")).toBe("http://localhost:54321");
  expect(url("")).toBeUndefined();
  for (const bad of [
    "http://abcdefgh.supabase.co",
    "http://localhost.evil.example",
    `${project}/auth/v1`,
    `${project}?x=1`,
    "https://user:hush@abcdefgh.supabase.co",
    "ftp://abcdefgh.supabase.co",
    "abcdefgh.supabase.co",
  ])
    expect(() => url(bad), bad).toThrow(/SUPABASE_URL: must be(?!.*hush)/);
});

test("a Supabase secret needs its project, is long enough, and is never shown", () => {
  const env = { SUPABASE_URL: project, SUPABASE_JWT_SECRET: jwtSecret };
  expect(parseSettings(env).supabase).toEqual({ url: project, secret: jwtSecret });
  expect(() => parseSettings({ SUPABASE_JWT_SECRET: jwtSecret })).toThrow(
    /set SUPABASE_URL as well(?!.*a-secret)/s,
  );
  expect(() => parseSettings({ ...env, SUPABASE_JWT_SECRET: "a-secret" })).toThrow(
    /SUPABASE_JWT_SECRET: must have 32 characters at least(?!.*a-secret)/s,
  );

  const settings = parseSettings(env);
  const other = parseSettings({ ...env, SUPABASE_JWT_SECRET: `${jwtSecret}2` });
  expect(fingerprint(settings)).toMatch(/^[0-9a-f]{16}$/);
  expect(fingerprint(settings)).not.toBe(fingerprint(other));
  expect(withoutSecrets({ ...env, PATH: "/bin" })).toEqual({ SUPABASE_URL: project, PATH: "/bin" });
  const printed = pulumiEnv(settings, { bin: "/p", node: "/n" }, "/bin");
  expect(JSON.stringify(printed)).not.toContain(jwtSecret);

  let logged = "";
  const stream = new PassThrough().on("data", (chunk: Buffer) => (logged += chunk));
  createLog(settings, "test", stream).info({ settings, supabase: settings.supabase }, "all of them");
  expect(logged).toContain("all of them");
  expect(logged).not.toContain(jwtSecret);
});

test("mails go to Mailpit where there is one and no server is named", () => {
  const smtp = (env: Record<string, string>) => parseSettings(env).smtpUrl;
  expect(smtp({})).toBe("smtp://127.0.0.1:1025");
  expect(smtp({ BERTH_PORT_OFFSET: "100" })).toBe("smtp://127.0.0.1:1125");
  expect(smtp({ BERTH_TOOLS: "prometheus" })).toBeUndefined();
  expect(smtp({ BERTH_TOOLS: "none" })).toBeUndefined();
  expect(smtp({ BERTH_SMTP_URL: "smtps://berth@mail.example" })).toBe("smtps://berth@mail.example");
});

test("an Alertmanager is a host and a port, and nobody where it is not set", () => {
  const alertmanager = (text: string) => parseSettings({ BERTH_ALERTMANAGER: text }).alertmanager;
  expect(parseSettings({}).alertmanager).toBeUndefined();
  for (const good of ["127.0.0.1:9093", "alerts.example:80", "[::1]:9093"])
    expect(alertmanager(good)).toBe(good);
  for (const bad of [
    "alerts.example",
    "http://alerts.example:9093",
    "alerts.example:9093/x",
    "a@b:1",
    ":9093",
    "a:0",
  ])
    expect(() => alertmanager(bad), bad).toThrow("BERTH_ALERTMANAGER: must be host:port");
});

test("Prometheus looks twice a minute at least, for alerts look at the figures of a minute", () => {
  const seconds = (text: string) => parseSettings({ BERTH_SCRAPE_SECONDS: text }).scrapeSeconds;
  expect(seconds("30")).toBe(30);
  expect(() => seconds("31")).toThrow("BERTH_SCRAPE_SECONDS");
});
