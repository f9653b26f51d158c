import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openApi } from "../../control-plane/cli/api.ts";
import { ensureStaff, type Step, staffEmail } from "../../control-plane/cli/ensure-staff.ts";
import { type Database, openDatabase } from "../../control-plane/database.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { parseSettings, type Settings } from "../../control-plane/settings.ts";
import { offerFirstStaff } from "../../control-plane/user/staff/first-staff-code.ts";
import { people, withMail } from "./people.ts";
import { captureLog, freshSlug, newTenantBody, withServices } from "./support.ts";

const mail = await withMail();
const t = withServices({ mailer: mail.mailer });
const { signIn, secondFactor } = people(t, mail);
let server: ReturnType<typeof serve>;
let database: Database;
let settings: Settings;

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server = serve({ fetch: (request) => t.services.fetch(request), port: 0, hostname: "127.0.0.1" }, () =>
      resolve(),
    );
  });
  database = openDatabase({ login: t.databases.logins.user, name: "test set-up", log: captureLog().log });
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await database.close();
});

/** As `berth start` leaves an environment that has no staff account. */
beforeEach(async () => {
  await t.rows("auth", "update users set staff = false");
  await t.rows("auth", "delete from users where name = 'Staff' and email = 'staff@berth.example'");
  settings = parseSettings({
    BERTH_DATA_DIR: await mkdtemp(join(tmpdir(), "berth-staff-")),
    BERTH_API_PORT: `${(server.address() as AddressInfo).port}`,
  });
  const { secrets, firstStaffLink } = dataPaths(settings.dataDir);
  await mkdir(secrets, { mode: 0o700 });
  const code = await offerFirstStaff(database.db, undefined);
  await writeFile(firstStaffLink, `http://127.0.0.1/user/first-staff#${code}\n`, { mode: 0o600 });
});
afterEach(() => rm(settings.dataDir, { recursive: true }));

const quiet: Step = (_what, run) => run();
/** What there is of the account that was made: rows of each table. */
async function made() {
  const count = async (sql: string) => (await t.rows<{ n: number }>("auth", sql))[0]?.n;
  const mine = "join users u on u.id = $ where u.email = 'staff@berth.example'";
  const of = (table: string, column: string) =>
    count(`select count(*)::int as n from ${table} x ${mine.replace("$", `x.${column}`)}`);
  return {
    staff: await count("select count(*)::int as n from users where staff"),
    organizations: await of("members", "user_id"),
    keys: await of("api_keys", "reference_id"),
  };
}
const one = { staff: 1, organizations: 1, keys: 1 };
async function keyWorks(): Promise<void> {
  const { apiKey, staffPassword, firstStaffLink } = dataPaths(settings.dataDir);
  for (const file of [apiKey, staffPassword]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  await expect(stat(firstStaffLink)).rejects.toThrow(/ENOENT/);
  const api = await openApi(settings);
  await api("POST", "/tenant/v1/tenants", newTenantBody(freshSlug()));
}

describe("the command line's staff account, organisation and key", () => {
  test("are made once, in that order, and the key makes a tenant", async () => {
    const steps: string[] = [];
    const told: Step = async (what, run) => {
      steps.push(what);
      return run();
    };
    await ensureStaff(settings, told);
    expect(steps).toEqual(["make the staff account", "make an organisation", "make an API key"]);
    expect(await made()).toEqual(one);
    await keyWorks();
    await ensureStaff(settings, told);
    expect(steps).toHaveLength(3);
    const password = await readFile(dataPaths(settings.dataDir).staffPassword, "utf8");
    expect(t.logged()).not.toContain(password);
    const sessions = await t.rows(
      "auth",
      "select from sessions s join users u on u.id = s.user_id where u.email = 'staff@berth.example'",
    );
    expect(sessions).toEqual([]);
  });

  test("are made once when two ask for them at once", async () => {
    await Promise.all([ensureStaff(settings, quiet), ensureStaff(settings, quiet)]);
    expect(await made()).toEqual(one);
    await keyWorks();
  });

  test.each(["make the staff account", "make an organisation"])(
    "are finished by the next run when one dies after: %s",
    async (last) => {
      const dying: Step = async (what, run) => {
        const value = await run();
        if (what === last) throw new Error("killed");
        return value;
      };
      await expect(ensureStaff(settings, dying)).rejects.toThrow("killed");
      await ensureStaff(settings, quiet);
      expect(await made()).toEqual(one);
      await keyWorks();
    },
  );

  test("are finished by the next run when one dies with the password written and no account", async () => {
    await writeFile(dataPaths(settings.dataDir).staffPassword, "a password of a dead run", { mode: 0o600 });
    await ensureStaff(settings, quiet);
    expect(await made()).toEqual(one);
    await keyWorks();
  });

  test("get another key when the one in the file is good no more", async () => {
    const { apiKey } = dataPaths(settings.dataDir);
    await writeFile(apiKey, "berth_the-bootstrap-key-of-an-older-one", { mode: 0o600 });
    await ensureStaff(settings, quiet);
    expect(await made()).toEqual(one);
    await keyWorks();
    await t.rows("auth", "update api_keys set enabled = false");
    await ensureStaff(settings, quiet);
    expect(await made()).toEqual({ ...one, keys: 2 });
    await keyWorks();
  });

  test("are left to a person where the account has a second factor, or nothing answers", async () => {
    await ensureStaff(settings, quiet);
    await t.rows("auth", "update api_keys set enabled = false");
    const api = await openApi(settings);
    await expect(api("GET", "/tenant/v1/tenants")).rejects.toThrow(/was revoked.* bin\/berth staff makes/);
    const password = await readFile(dataPaths(settings.dataDir).staffPassword, "utf8");
    const { token } = await signIn("staff@berth.example", password);
    await secondFactor(token, password);
    await expect(ensureStaff(settings, quiet)).rejects.toThrow(/has a second factor.* put it into/);
    const elsewhere = await openApi({ ...settings, apiPort: 1 });
    await expect(elsewhere("GET", "/tenant/v1/tenants")).rejects.toThrow(/bin\/berth start/);
  });

  test("are not made beside a staff account that somebody has made; what to do is said", async () => {
    const { firstStaffLink, apiKey } = dataPaths(settings.dataDir);
    const link = await readFile(firstStaffLink, "utf8");
    const body = {
      code: link.trim().split("#")[1],
      name: "Ada",
      email: "ada@acme.example",
      password: "x".repeat(12),
    };
    await t.expect(201, "POST", "/user/v1/staff-accounts", body, { authorization: "" });
    await expect(ensureStaff(settings, quiet)).rejects.toThrow(/make a key .* put it into/);
    await rm(firstStaffLink);
    await expect(ensureStaff(settings, quiet)).rejects.toThrow(/make a key .* put it into/);
    await expect(openApi(settings)).rejects.toThrow(`There is no API key in ${apiKey}`);
  });
});

test("the account's address is of the domain, where that can have mail", () => {
  expect(staffEmail({ domain: "example.org" })).toBe("staff@example.org");
  for (const domain of ["localhost", "127.0.0.1"]) expect(staffEmail({ domain })).toBe("staff@berth.example");
});
