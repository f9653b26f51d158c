import { describe, expect, test } from "vitest";
import { withFrontPage } from "../../control-plane/http/front-page.ts";

type Apart = Parameters<typeof withFrontPage>[1];

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const ask = async (url: string, init: RequestInit = {}, apart?: Apart) =>
  withFrontPage(async () => new Response("the services"), apart)(new Request(url, init), {} as never);
const asJson = async (url: string, apart?: Apart) => {
  const answer = await ask(url, { headers: { accept: "application/json" } }, apart);
  return ((await answer.json()) as { services: Record<string, Record<string, string>> }).services;
};

const urls = {
  user: "http://127.0.0.1:8001",
  tenant: "http://127.0.0.1:8002",
  instance: "http://127.0.0.1:8003",
};
const apart = { own: "user", urls } as const;

describe("the bare address", () => {
  test("is a page for a browser, which leads to the references and to the health, and loads nothing", async () => {
    const answer = await ask("http://127.0.0.1:8000/", { headers: { accept: browser } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(answer.headers.get("vary")).toBe("accept");
    const page = await answer.text();
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, link]) => link);
    expect(links).toEqual(
      ["user", "tenant", "instance"].flatMap((service) =>
        ["reference", "openapi.json", "health"].map((page) => `/${service}/${page}`),
      ),
    );
    expect(page).not.toMatch(/<(script|style|link|img)/);
  });

  test.each([undefined, "application/json", "*/*"])(
    "is JSON with the same links for who accepts %s",
    async (accept) => {
      const answer = await ask("http://127.0.0.1:8000/?from=there", { headers: accept ? { accept } : {} });
      expect(answer.headers.get("content-type")).toContain("application/json");
      expect(await answer.json()).toMatchObject({
        services: {
          user: { reference: "/user/reference", openapi: "/user/openapi.json", health: "/user/health" },
          instance: { reference: "/instance/reference" },
        },
      });
    },
  );

  test("of a service that has a port of its own leads to where the others are", async () => {
    const { user, tenant } = await asJson("http://127.0.0.1:8001/", apart);
    expect(user?.reference).toBe("/user/reference");
    expect(tenant?.reference).toBe("http://127.0.0.1:8002/tenant/reference");
    expect(tenant?.health).toBe("http://127.0.0.1:8002/tenant/health");
  });

  test.each(["http://api.localhost:8080/", "https://berth.example/"])(
    "at %s, behind which all services are, leads nowhere else",
    async (url) => {
      const { tenant } = await asJson(url, apart);
      expect(tenant?.reference).toBe("/tenant/reference");
    },
  );
});

test.each([
  ["POST", "/"],
  ["DELETE", "/"],
  ["GET", "/user"],
  ["GET", "//"],
  ["GET", "/user/v1/accounts?to=/"],
  ["GET", "/v1/?/"],
])("%s %s is for the services", async (method, path) => {
  const answer = await ask(`http://127.0.0.1:8000${path}`, { method, headers: { accept: browser } });
  expect(await answer.text()).toBe("the services");
});
