import { type AddressInfo, connect } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createInstanceClient } from "../../control-plane/instance/client.ts";
import { createServices, type Services } from "../../control-plane/services.ts";
import { until } from "../../control-plane/until.ts";
import {
  apiKey,
  captureLog,
  freshSlug,
  keys,
  newTenantBody,
  noLimits,
  noMail,
  type TenantAnswer,
  withServices,
} from "./support.ts";
import { claimFor, createTenant, untilStatus, work } from "./worker.ts";

const t = withServices();
let server: ReturnType<typeof serve>;
let base: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server = serve(
      { fetch: (request, env) => t.services.fetch(request, env), port: 0, hostname: "127.0.0.1" },
      () => resolve(),
    );
  });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };

describe("over the network", () => {
  test("a body of 10 MB is refused with 413, with and without its length told", async () => {
    const body = JSON.stringify({ name: "x".repeat(10_000_000) });
    const told = await fetch(`${base}/tenant/v1/tenants`, { method: "POST", headers, body });
    expect(told.status).toBe(413);
    expect(await told.json()).toMatchObject({ code: "body_too_large" });
    const stream = new Blob([body]).stream();
    const untold = await fetch(`${base}/tenant/v1/tenants`, {
      method: "POST",
      headers,
      body: stream,
      duplex: "half",
    } as RequestInit);
    expect(untold.status).toBe(413);
  });

  test("what is no HTTP, and a body that never ends, do no harm", async () => {
    const { port } = server.address() as AddressInfo;
    for (const text of [
      "\u0000\u0001\u0002\r\n\r\n",
      "GET /tenant/v1/tenants HTTP/1.1\r\nHost: x\r\nX: \u0000\r\n\r\n",
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.write(text));
        socket.on("data", () => undefined);
        socket.on("error", () => resolve());
        socket.on("close", () => resolve());
      });
    }
    const half = connect(port, "127.0.0.1", () =>
      half.write(
        `POST /tenant/v1/tenants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"slug`,
      ),
    );
    half.on("error", () => undefined);
    half.destroy();
    expect((await fetch(`${base}/tenant/health`)).status).toBe(200);
  });

  test("the audit knows where a request came from", async () => {
    const response = await fetch(`${base}/tenant/v1/tenants`, {
      method: "POST",
      headers,
      body: JSON.stringify(newTenantBody(freshSlug())),
    });
    const { tenant } = (await response.json()) as TenantAnswer;
    const [entry] = await t.rows(
      "tenant",
      "select origin from audit where action = 'tenant.create' and target = $1",
      [tenant.id],
    );
    expect(entry?.origin).toBe("127.0.0.1");
  });

  test("a stream of events arrives, and one that is left leaves nothing behind", async () => {
    const { tenant, operation } = await createTenant(t);
    const stop = new AbortController();
    const response = await fetch(`${base}/instance/v1/operations/${operation.id}/events`, {
      headers,
      signal: stop.signal,
    });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toContain("event: queued");
    stop.abort();
    await work(t, tenant.id);
    await untilStatus(t, tenant.slug, "ready");
  });
});

describe("the tenant service with the instance service elsewhere", () => {
  let apart: Services;
  beforeAll(() => {
    apart = createServices({
      ...noMail,
      settings: { domain: "localhost", httpPort: 8080 },
      logins: t.databases.logins,
      keys,
      redis: inject("redis"),
      limits: noLimits,
      log: captureLog().log,
      instanceUrl: base,
    });
  });
  afterAll(() => apart.stop());

  test("works the same over the network", async () => {
    const body = newTenantBody(freshSlug(), { odoo: { modules: ["crm"] } });
    const response = await apart.fetch(
      new Request("http://localhost/tenant/v1/tenants", {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      }),
    );
    expect(response.status).toBe(202);
    const { tenant } = (await response.json()) as TenantAnswer;
    expect(tenant.url).toBe(`http://${tenant.slug}.localhost:8080`);
    await claimFor(t, tenant.id);
  });

  test("gets refusals as what they are, and says so when nothing answers", async () => {
    const ours = t.asService.authorization?.slice("Bearer ".length) ?? "";
    const client = (baseUrl: string, token = ours) =>
      createInstanceClient({ baseUrl, token: async () => token, fetch });
    const request = {
      desired: "absent",
      operation: "op_a234567890123456",
      organization: null,
      revision: 0,
      slug: "abc",
      actor: "x",
    } as const;
    await expect(client(base).putStack("ten_a234567890123456", request, "r")).rejects.toMatchObject({
      code: "validation_failed",
    });
    // That a service is not let in is nothing to whoever it asks for.
    await expect(client(base, "wrong").catalogue()).rejects.toMatchObject({ code: "service_unavailable" });
    await expect(client("http://127.0.0.1:9").catalogue()).rejects.toMatchObject({
      code: "service_unavailable",
    });
    const waiting = client(base).feed({
      after: 1_000_000,
      waitSeconds: 1,
      signal: AbortSignal.timeout(5_000),
    });
    expect(await waiting).toEqual([]);
    const stop = new AbortController();
    const left = client(base).feed({ after: 1_000_000, waitSeconds: 20, signal: stop.signal });
    stop.abort();
    await expect(left).rejects.toMatchObject({ code: "service_unavailable" });
    await until(async () => (await fetch(`${base}/health`)).status === 200, {
      what: "health",
      deadlineMs: 2_000,
      everyMs: 20,
    });
  });
});
