import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { connection } from "../../control-plane/database.ts";
import { createNeighbour } from "../../control-plane/http/neighbour.ts";
import { announceProvisioner } from "../../control-plane/instance/presence.ts";
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
  withServices,
} from "./support.ts";

const t = withServices();

interface Health {
  status: string;
  checks: Record<string, { status: string; detail?: string }>;
}
const health = (service: string) => t.expect<Health>(200, "GET", `/${service}/health`);

test("every service tells whether a provisioner takes work, which only one of them sees", async () => {
  const all = () => Promise.all(["user", "tenant", "instance"].map(health));
  for (const { status, checks } of await all()) {
    expect(status).toBe("degraded");
    expect(checks.provisioner).toMatchObject({
      status: "away",
      detail: expect.stringMatching(/^No provisioner/),
    });
  }
  const presence = announceProvisioner({ login: t.databases.logins.instance, log: captureLog().log });
  await presence.ready;
  for (const { status, checks } of await all())
    expect({ status, checks }).toMatchObject({ status: "ok", checks: { provisioner: { status: "ok" } } });
  await presence.close();
});

test("a provisioner that is held up takes no work, though its connection holds the lock still", async () => {
  const held = await heldUp();
  await until(async () => (await health("instance")).checks.provisioner?.status === "away", {
    ...{ what: "it to be seen", deadlineMs: 15_000, everyMs: 200 },
  });
  await held.end();
});

/** A session that has said that a provisioner is there, and says nothing more. */
async function heldUp(): Promise<pg.Client> {
  const presence = announceProvisioner({ login: t.databases.logins.instance, log: captureLog().log });
  await presence.ready;
  const query =
    "select query from pg_stat_activity where application_name = 'berth provisioner' and datname = current_database()";
  const [session] = await t.rows("instance", query, []);
  await presence.close();
  const client = new pg.Client(connection(t.databases.logins.instance, "test"));
  await client.connect();
  // The very statement by which it says so.
  await client.query(String(session?.query));
  expect((await health("instance")).checks.provisioner?.status).toBe("ok");
  return client;
}

describe("with a service that is there and says nothing", () => {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  const sockets = new Set<Socket>();
  let apart: Services;
  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    apart = createServices({
      ...noMail,
      settings: { domain: "localhost", httpPort: 80 },
      logins: t.databases.logins,
      keys,
      redis: inject("redis"),
      limits: noLimits,
      log: captureLog().log,
      instanceUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await apart.stop();
  });
  const call = (method: string, path: string, body?: unknown) =>
    apart.fetch(
      new Request(`http://localhost${path}`, {
        method,
        headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(6_000),
      }),
    );

  test.each(["user", "tenant"])("the %s service's health names it, and nobody else", async (service) => {
    const { checks } = (await (await call("GET", `/${service}/health`)).json()) as Health;
    expect(checks.instance).toEqual({ status: "away", detail: "The instance service does not answer." });
    const other = service === "user" ? "tenant" : "user";
    expect(checks[other]).toMatchObject({ status: "ok" });
  });

  test("what needs it is refused within seconds, and told when to come again", async () => {
    const answer = await call("POST", "/tenant/v1/tenants", newTenantBody(freshSlug()));
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("2");
    expect(await answer.json()).toMatchObject({ code: "service_unavailable" });
  });
});

test("a service of an older version, which does not know the question, is there all the same", async () => {
  const older = async () => Response.json({ code: "not_found" }, { status: 404 });
  expect(await createNeighbour({ name: "user", baseUrl: "http://user.internal", fetch: older })()).toEqual(
    {},
  );
});

test.each([
  ["stopping", Response.json({ status: "stopping" }, { status: 503 })],
  ["broken", Response.json({ code: "internal" }, { status: 500 })],
])("a service that answers that it is %s is not there", async (_how, answer) => {
  const asked = createNeighbour({
    name: "user",
    baseUrl: "http://user.internal",
    fetch: async () => answer,
  })();
  await expect(asked).rejects.toMatchObject({
    code: "service_unavailable",
    message: "The user service does not answer.",
  });
});
