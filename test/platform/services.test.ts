import { readFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { waitForServices } from "../../control-plane/platform/services-up.ts";
import { until } from "../../control-plane/until.ts";
import { paths, run, settings } from "./support.ts";

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A request to Traefik's public port, by the machine's own address. */
function ask(
  host: string,
  headers: Record<string, string> = {},
  body?: { method: string; bytes: number },
  path = "/",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: settings.httpPort,
      headers: { host, ...headers },
      agent: false,
      method: body?.method,
      path,
    };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.on("error", reject);
    const chunk = Buffer.alloc(1 << 20);
    const send = (left: number): void => {
      if (left <= 0) return void sent.end();
      sent.write(chunk.subarray(0, Math.min(left, chunk.length)), () => send(left - chunk.length));
    };
    send(body?.bytes ?? 0);
  });
}

async function redis(): Promise<Redis> {
  const password = (await readFile(paths.redisPassword, "utf8")).trim();
  return new Redis({ host: "127.0.0.1", port: settings.redisPort, password, lazyConnect: true });
}

/** What a route is, as Traefik's Redis provider reads it. */
function route(name: string, host: string, target: string): Record<string, string> {
  return {
    [`traefik/http/routers/${name}/rule`]: `Host(\`${host}\`)`,
    [`traefik/http/routers/${name}/service`]: name,
    [`traefik/http/routers/${name}/entryPoints/0`]: "web",
    [`traefik/http/services/${name}/loadBalancer/servers/0/url`]: target,
  };
}

describe("an unknown host", () => {
  test("gets a page that a person can read, with status 404", async () => {
    const { status, headers, body } = await ask("nobody.localhost", { accept: "text/html,*/*" });
    expect(status).toBe(404);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(headers["cache-control"]).toBe("no-store");
    expect(body).toContain("<h1>Nothing lives at this address</h1>");
  });

  test("gets one sentence when it is a program", async () => {
    const { status, body } = await ask("nobody.localhost", { accept: "application/json" });
    expect({ status, body }).toEqual({
      status: 404,
      body: "Nothing lives at this address. Please check the host name.\n",
    });
  });
});

describe("a route in Redis", () => {
  let server: Server;
  let target: string;
  const seen: Array<{
    headers: Record<string, string | string[] | undefined>;
    path?: string;
    bytes: number;
  }> = [];

  beforeAll(async () => {
    server = createServer((incoming, answer) => {
      let bytes = 0;
      incoming.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      incoming.on("end", () => {
        seen.push({ headers: incoming.headers, path: incoming.url, bytes });
        answer.end("here");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port.");
    target = `http://127.0.0.1:${address.port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test("is live at once, and believes nobody about who the client is", async () => {
    const client = await redis();
    await client.mset(route("here", "here.localhost", target));
    const from = performance.now();
    await until(async () => (await ask("here.localhost")).status === 200, {
      what: "the route to be live",
      deadlineMs: 3000,
      everyMs: 10,
    });
    console.log(`a route is live after ${(performance.now() - from).toFixed(0)} ms`);
    seen.length = 0;
    await ask("here.localhost", {
      "x-forwarded-for": "1.2.3.4",
      "x-forwarded-proto": "https",
      "x-real-ip": "1.2.3.4",
    });
    expect(seen[0]?.headers).toMatchObject({
      host: "here.localhost",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-real-ip": "127.0.0.1",
    });
    client.disconnect();
  });

  test("lets no header pass that Odoo takes for another one", async () => {
    seen.length = 0;
    await ask("here.localhost", {
      x_forwarded_for: "1.2.3.4",
      "x.forwarded.for": "1.2.3.4",
      x_own: "theirs",
      "x-own": "mine",
    });
    const { headers } = seen[0] ?? {};
    expect(headers).toMatchObject({ "x-own": "mine", "x-forwarded-for": "127.0.0.1" });
    expect(Object.keys(headers ?? {}).filter((name) => /[^a-z0-9-]/.test(name))).toEqual([]);
  });

  test.each(["%2F", "%5C", "%3B", "%25", "%3F", "%23", "%C3%A9"])(
    "brings a path with %s as it was sent: names in Odoo hold any of them",
    async (encoded) => {
      seen.length = 0;
      const { status } = await ask("here.localhost", {}, undefined, `/web/content/a${encoded}b`);
      expect({ status, path: seen[0]?.path }).toEqual({ status: 200, path: `/web/content/a${encoded}b` });
    },
  );

  test("takes an upload of 200 MB", async () => {
    seen.length = 0;
    const { status } = await ask("here.localhost", {}, { method: "POST", bytes: 200 << 20 });
    expect({ status, bytes: seen[0]?.bytes }).toEqual({ status: 200, bytes: 200 << 20 });
  });

  test("stands in the access log with the client's address and the host", async () => {
    const name = `berth-${settings.env}-traefik`;
    const line = await until(
      async () => {
        const lines = (await run("docker", ["logs", "--tail", "50", name])).split("\n");
        return lines.find((text) => text.includes('"RequestHost":"here.localhost"'));
      },
      { what: "a line in the access log", deadlineMs: 3000, everyMs: 50 },
    );
    expect(JSON.parse(line)).toMatchObject({
      ClientHost: "127.0.0.1",
      RequestHost: "here.localhost",
      DownstreamStatus: 200,
    });
    // With a path comes its query.
    expect(JSON.parse(line)).not.toHaveProperty("RequestPath");
  });

  test("survives Redis' restart, and routes written after it are live", async () => {
    await run("docker", ["restart", `berth-${settings.env}-redis`]);
    await waitForServices(settings, 10_000);
    expect((await ask("here.localhost")).status).toBe(200);
    const client = await redis();
    await client.mset(route("later", "later.localhost", target));
    await until(async () => (await ask("later.localhost")).status === 200, {
      what: "a route that was written after Redis' restart",
      deadlineMs: 10_000,
      everyMs: 50,
    });
    await client.del(...Object.keys(route("here", "", "")), ...Object.keys(route("later", "", "")));
    await until(async () => (await ask("here.localhost")).status === 404, {
      what: "the removed route to be gone",
      deadlineMs: 5000,
      everyMs: 50,
    });
    client.disconnect();
  });
});

test("Redis writes to its append-only file once a second and tells about keys", async () => {
  const client = await redis();
  const settled = await client.config("GET", "append*", "notify-keyspace-events", "maxmemory-policy");
  expect(settled).toEqual(expect.arrayContaining(["appendonly", "yes", "appendfsync", "everysec"]));
  client.disconnect();
});

test("every container is healthy, restarts by itself, has few rights and a bounded log", async () => {
  const { images } = await readPlatform(settings.dataDir);
  for (const part of ["postgres", "redis", "traefik"] as const) {
    const name = `berth-${settings.env}-${part}`;
    const state = await until(
      async () => {
        const [one] = JSON.parse(await run("docker", ["inspect", name]));
        return one.State.Health.Status === "healthy" && one;
      },
      { what: `${name} to be healthy`, deadlineMs: 60_000, everyMs: 200 },
    );
    expect(state.Config.Image).toBe(images[part].ref);
    expect(state.HostConfig).toMatchObject({
      NetworkMode: "host",
      RestartPolicy: { Name: "unless-stopped" },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      LogConfig: { Config: { "max-size": "10m", "max-file": "3" } },
      PortBindings: {},
    });
  }
});
