import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { apiUrl } from "../../control-plane/cli/api.ts";
import { staffEmail } from "../../control-plane/cli/ensure-staff.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { portsOf } from "../../control-plane/ports.ts";
import { gatewayOf } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { type Address, dial } from "../e2e/dial.ts";
import { type Made, openWorld, type World } from "../e2e/world.ts";
import { openBrowser } from "./browser.ts";

let world: World;
let browser: Browser;
let made: Made;
let toolsPassword: string;
const said = inject("devUpSaid");

/** Where the table at the end of `make dev-up` says that something is. */
function whereIs(what: string): string {
  const line = said.split("\n").find((one) => one.startsWith(`  ${what} `));
  if (line === undefined) throw new Error(`make dev-up does not say where ${what} is:\n${said}`);
  return line
    .slice(2 + what.length)
    .trim()
    .split(/\s{2,}/)[0] as string;
}

/** Invites somebody, as the person whom `make dev-up` has made an account for. */
async function invite(email: string): Promise<void> {
  const { settings } = world;
  const ask = async <T>(path: string, body?: object, token?: string): Promise<T> => {
    const response = await fetch(`${apiUrl(settings)}/user/v1${path}`, {
      method: body ? "POST" : "GET",
      headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const password = (await readFile(dataPaths(settings.dataDir).staffPassword, "utf8")).trim();
  const account = { email: staffEmail(settings), password };
  const { token } = await ask<{ token: string }>("/sessions", account);
  const { items } = await ask<{ items: Array<{ id: string }> }>("/organizations", undefined, token);
  await ask(`/organizations/${items[0]?.id}/invitations`, { email, role: "developer" }, token);
}

async function withPage<T>(
  work: (page: Page, context: BrowserContext) => Promise<T>,
  credentials?: { username: string; password: string },
): Promise<T> {
  const context = await browser.newContext({ httpCredentials: credentials });
  try {
    return await work(await context.newPage(), context);
  } finally {
    await context.close();
  }
}

beforeAll(async () => {
  world = await openWorld();
  browser = await openBrowser();
  toolsPassword = (await readFile(dataPaths(world.settings.dataDir).toolsPassword, "utf8")).trim();
  made = await world.create({ slug: "newcomer" });
});

afterAll(() => browser?.close());

test("the table of make dev-up has every address, names the files of passwords, and holds none", async () => {
  const { settings } = world;
  for (const port of [settings.apiPort, settings.traefikAdminPort, settings.postgresPort, settings.redisPort])
    expect(said).toContain(`127.0.0.1:${port}`);
  expect(said).toContain(`.localhost:${settings.httpPort}`);
  expect(said).toContain(dataPaths(settings.dataDir).toolsPassword);
  expect(said).not.toContain(toolsPassword);
  console.log(said.slice(said.indexOf("  what ")));
});

test("every address of the table can be opened in a browser", async () => {
  // Grafana's row has none where its image cannot be had.
  const table = said.slice(said.indexOf("  what "));
  const urls = [...table.matchAll(/http:\/\/\S+/g)].map(([url]) => url);
  expect(urls.length).toBeGreaterThanOrEqual(10);
  for (const url of urls)
    await withPage(
      async (page) => {
        const answer = await page.goto(url.replace("<slug>", made.tenant.slug));
        expect(answer?.status(), url).toBeLessThan(400);
      },
      { username: "berth", password: toolsPassword },
    );
});

test("the API's bare address leads to its pages", async () => {
  await withPage(async (page) => {
    await page.goto(whereIs("API"));
    for (const service of ["user", "tenant", "instance"])
      await page.locator(`a[href="/${service}/health"]`).waitFor();
    await page.locator('a[href="/tenant/reference"]').click();
    await page.getByText("OpenAPI", { exact: false }).first().waitFor();
    expect(await page.title()).toBe("Berth: tenant service");
  });
});

test("the API's pages are read", async () => {
  const pages = [...said.matchAll(/http:\S+\/reference\b/g)].map(([url]) => url);
  expect(pages).toHaveLength(3);
  for (const url of pages)
    await withPage(async (page) => {
      await page.goto(url);
      await page.getByText("OpenAPI", { exact: false }).first().waitFor();
      expect(await page.title()).toMatch(/service/);
    });
});

test("a tenant's Odoo lets its administrator in", async () => {
  await withPage(async (page) => {
    await page.goto(`${whereIs("tenants").replace("<slug>", "newcomer")}/web/login`);
    await page.fill("input[name=login]", made.admin.email);
    await page.fill("input[name=password]", made.admin.password as string);
    await page.click("button[type=submit]");
    await page.locator(".o_main_navbar").waitFor({ timeout: 60_000 });
  });
});

test("Prometheus shows the tenant's figures", async () => {
  const address = new URL(whereIs("Prometheus"));
  address.search = new URLSearchParams({
    "g0.expr": 'berth_tenant_up{slug="newcomer"}',
    "g0.tab": "1",
  }).toString();
  await withPage(async (page) => {
    const shown = await until(
      async () => {
        await page.goto(address.href);
        const row = page.getByRole("row").filter({ hasText: 'slug="newcomer"' }).first();
        await row.waitFor({ timeout: 5_000 }).catch(() => undefined);
        const text = (await row.count()) > 0 ? ((await row.textContent()) ?? "") : "";
        return text.trim().endsWith("}1") ? text : undefined;
      },
      { what: "the tenant's figures in Prometheus", deadlineMs: 90_000, everyMs: 500 },
    );
    expect(shown).toContain(made.tenant.id);
  });
});

test("Mailpit shows the mail of an invitation, to who knows the password only", async () => {
  await invite("ben@newcomer.example");
  const address = whereIs("Mailpit");
  expect((await fetch(address)).status).toBe(401);
  await withPage(
    async (page) => {
      await page.goto(address);
      await page.getByText("ben@newcomer.example").first().click({ timeout: 30_000 });
      await page
        .getByText(/invited/i)
        .first()
        .waitFor();
    },
    { username: "berth", password: toolsPassword },
  );
});

test("pgAdmin shows the tenant's database, to who knows the password only", async () => {
  const address = whereIs("pgAdmin");
  const user = /pgAdmin\s+\S+\s+(\S+)/.exec(said)?.[1] as string;
  await withPage(async (page) => {
    await page.goto(address);
    await page.fill("input[name=email]", user);
    await page.fill("input[name=password]", "not the password");
    await page.getByRole("button", { name: /login/i }).click();
    await page
      .getByText(/incorrect|invalid/i)
      .first()
      .waitFor({ timeout: 30_000 });
    await page.fill("input[name=email]", user);
    await page.fill("input[name=password]", toolsPassword);
    await page.getByRole("button", { name: /login/i }).click();
    const tree = page.locator(".file-tree").first();
    await tree.waitFor({ timeout: 60_000 });
    const path = [/^Servers/, /127\.0\.0\.1/, /^Databases/, new RegExp(made.database)];
    for (const [n, name] of path.slice(0, -1).entries()) {
      const inside = tree.getByText(path[n + 1] as RegExp).first();
      // A double click opens what is closed, and closes what has opened by itself.
      const isOpen = async () => {
        await tree.getByText(name).first().dblclick();
        return inside.waitFor({ timeout: 4_000 }).then(
          () => true,
          () => false,
        );
      };
      await until(isOpen, { what: `what is inside ${name} in pgAdmin`, deadlineMs: 60_000, everyMs: 100 });
    }
  });
});

test("a tenant opens nothing that is for people at work or for ourselves, by whatever address of this machine", async () => {
  const { settings } = world;
  const closed = portsOf(settings)
    .filter(({ port }) => port !== settings.httpPort && port !== settings.postgresPort)
    .filter(({ part }) => part !== "grafana" || whereIs("Grafana").startsWith("http"));
  const gateway = gatewayOf(settings.tenantSubnet);
  const addresses = Object.values(networkInterfaces())
    .flat()
    .filter((address) => address?.family === "IPv4" && !address.internal)
    .map((address) => address?.address ?? "");
  expect(addresses).toContain(gateway);
  for (const { port } of closed) {
    // It is there to be opened, from this machine.
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.destroy();
  }
  const tried = await dial(world, made.container, [
    [gateway, settings.httpPort],
    ...addresses.flatMap((address) => closed.map(({ port }): Address => [address, port])),
  ]);
  expect(Object.keys(tried)).toHaveLength(1 + addresses.length * closed.length);
  expect(Object.entries(tried).filter(([, found]) => found !== "closed")).toEqual([
    [`${gateway}:${settings.httpPort}`, "open"],
  ]);
  expect(closed.map(({ part }) => part)).toEqual(
    expect.arrayContaining(["prometheus", "pgadmin", "mailpit"]),
  );
});

test("of Grafana it says where it is, or why it is not there", async () => {
  const where = whereIs("Grafana");
  if (!where.startsWith("http")) return expect(where).toMatch(/^not here: its image cannot be had/);
  await withPage(async (page) => {
    await page.goto(where);
    await page.fill("input[name=user]", "berth");
    await page.fill("input[name=password]", toolsPassword);
    await page.getByRole("button", { name: /log in/i }).click();
    // Not the list: it shows the folder that holds them, and that is closed.
    await page.goto(new URL("/d/berth-fleet", where).href);
    await page.getByText("What is wrong now").first().waitFor({ timeout: 30_000 });
  });
});
