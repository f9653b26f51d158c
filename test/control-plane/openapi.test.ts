import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import { withServices } from "./support.ts";

const t = withServices();
const services = ["user", "tenant", "instance"] as const;
const open = { authorization: "" };

interface Document {
  openapi: string;
  security: unknown[];
  paths: Record<
    string,
    Record<
      string,
      {
        summary?: string;
        security?: unknown[];
        responses: Record<string, unknown>;
        "x-berth-access"?: { who: string };
      }
    >
  >;
}

describe.each(services)("the %s service", (service) => {
  test("describes itself by valid OpenAPI 3.1, without a key", async () => {
    const document = await t.expect<Document>(200, "GET", `/${service}/openapi.json`, undefined, open);
    expect(document.openapi).toBe("3.1.0");
    const result = await new Validator().validate(JSON.parse(JSON.stringify(document)));
    expect(result).toMatchObject({ valid: true });
    expect(JSON.stringify(document)).not.toContain("undefined");
    // A regular expression's flags are no part of a JSON Schema's pattern: nothing would match it.
    expect(JSON.stringify(document).match(/"pattern":"[^"]*\/[a-z]+"/g) ?? []).toEqual([]);
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        expect(operation.summary, `${method} ${path}`).toBeTruthy();
        const access = operation["x-berth-access"];
        expect(access?.who, `${method} ${path}`).toBeTruthy();
        if (access?.who === "anyone") expect(operation.security).toEqual([]);
        else expect(Object.keys(operation.responses), `${method} ${path}`).toContain("401");
        if (path.includes("/health")) continue;
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(["500", "503"]));
      }
    }
  });

  test("describes every route it has", async () => {
    const { paths } = await t.expect<Document>(200, "GET", `/${service}/openapi.json`);
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = t.services.apps[service].routes
      .filter(({ method, path }) => method !== "ALL" && path.includes("/v1/"))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect([...new Set(routes)].toSorted()).toEqual(
      described.filter((one) => one.includes("/v1/")).toSorted(),
    );
  });

  test("has a reference page that loads nothing from elsewhere", async () => {
    const page = await t.call("GET", `/${service}/reference`, undefined, open);
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).toContain(`/${service}/openapi.json`);
    const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, where]) => where);
    expect(loaded).toContain(`/${service}/reference/scalar.js`);
    for (const where of loaded) expect(where).toMatch(/^\//);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'self'/);
    const script = await t.call("GET", `/${service}/reference/scalar.js`, undefined, open);
    expect(script.headers.get("content-type")).toContain("text/javascript");
    expect((await script.text()).length).toBeGreaterThan(1_000_000);
  });

  test("tells of its health without a key", async () => {
    const health = await t.expect(200, "GET", `/${service}/health`, undefined, open);
    expect(health).toMatchObject({ service, checks: { database: { status: "ok" } } });
    await t.expect(200, "GET", `/${service}/health/database`, undefined, open);
    // On a port of its own.
    expect((await t.services.apps[service].request("/health")).status).toBe(200);
    expect((await t.services.apps[service].request("/health/database")).status).toBe(200);
  });
});

test("the instance service documents that there may be no catalogue yet", async () => {
  const { paths } = await t.expect<Document>(200, "GET", "/instance/openapi.json");
  const answer = JSON.stringify(paths["/instance/v1/catalogue"]?.get?.responses["200"]);
  expect(answer).toContain('"anyOf":[{"$ref":"#/components/schemas/Catalogue"},{"type":"null"}]');
});

test("the health of the instance service tells whether a provisioner takes work", async () => {
  const { announceProvisioner } = await import("../../control-plane/instance/presence.ts");
  const { captureLog } = await import("./support.ts");
  expect(await t.expect(200, "GET", "/instance/health")).toMatchObject({
    status: "degraded",
    checks: { provisioner: { status: "away", detail: expect.stringContaining("No provisioner") } },
  });
  const presence = announceProvisioner({ login: t.databases.logins.instance, log: captureLog().log });
  await presence.ready;
  expect(await t.expect(200, "GET", "/instance/health")).toMatchObject({ status: "ok" });
  await presence.close();
  expect(await t.expect(200, "GET", "/instance/health")).toMatchObject({ status: "degraded" });
});
