import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { serviceUrl } from "../../control-plane/cli/api.ts";
import { odooLogin } from "../../control-plane/cli/odoo-login.ts";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { serviceNames } from "../../control-plane/service-names.ts";
import { apiHost } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { callOdoo, session } from "./odoo-session.ts";
import { type Made, openWorld, type World } from "./world.ts";

let world: World;
let one: Made;
let two: Made;
beforeAll(async () => {
  world = await openWorld();
  [one, two] = await Promise.all([world.create({ slug: "one" }), world.create({ slug: "two" })]);
});
afterAll(async () => {
  await Promise.all([world.remove("one"), world.remove("two")]);
});

test("an unknown host name gets a polite page", async () => {
  const answer = await throughTraefik(world.settings.httpPort, "nobody.localhost", "/", {
    headers: { accept: "text/html" },
  });
  expect(answer.status).toBe(404);
  expect(answer.headers["content-type"]).toContain("text/html");
  expect(answer.body.length).toBeGreaterThan(100);
});

test("the API's bare address leads to all three services, through Traefik and at each port of theirs", async () => {
  const { settings } = world;
  const front = await throughTraefik(settings.httpPort, apiHost(settings), "/");
  expect(front.status).toBe(200);
  expect(Object.keys(JSON.parse(front.body).services)).toEqual(["user", "tenant", "instance"]);
  for (const service of serviceNames) {
    const at = `${serviceUrl(settings, service)}/`;
    const { services } = (await (await fetch(at)).json()) as {
      services: Record<string, Record<string, string>>;
    };
    const links = Object.values(services).flatMap((one) => Object.values(one));
    expect(links).toHaveLength(9);
    for (const link of links) expect((await fetch(new URL(link, at))).status, `${link} at ${at}`).toBe(200);
  }
});

test("two hosts are never mixed up, however their requests are", async () => {
  const sides = [
    { made: one, cookie: await session(world, one) },
    { made: two, cookie: await session(world, two) },
  ];
  const asked = Array.from({ length: 20 }, () => sides).flat();
  const databases = await Promise.all(
    asked.map(async ({ made, cookie }) => {
      const answer = await throughTraefik(
        world.settings.httpPort,
        made.host,
        "/web/session/get_session_info",
        {
          body: { jsonrpc: "2.0", params: {} },
          headers: { cookie },
          timeoutMs: 60_000,
        },
      );
      expect(answer.status, answer.body.slice(0, 500)).toBe(200);
      return JSON.parse(answer.body).result?.db;
    }),
  );
  expect(databases).toEqual(asked.map(({ made }) => made.database));
  // One tenant's admin is nobody at the other's host.
  const credentials = { database: one.database, login: one.admin.email, password: one.admin.password ?? "" };
  await expect(odooLogin(world.settings.httpPort, two.host, credentials)).rejects.toThrow();
});

test("the client's address and the host reach Odoo's log", async () => {
  const path = `/web/login?seen=${Date.now()}`;
  await throughTraefik(world.settings.httpPort, one.host, path);
  const line = await until(
    async () =>
      (await world.docker("logs", "--tail", "50", one.container).then(() => logsOf(one.container))).find(
        (text) => text.includes(path),
      ),
    { what: "the request in Odoo's log", deadlineMs: 10_000, everyMs: 100 },
  );
  expect(line).toContain("127.0.0.1");
});

async function logsOf(container: string): Promise<string[]> {
  const { execFile } = await import("node:child_process");
  return new Promise((resolve, reject) =>
    execFile("docker", ["logs", "--tail", "200", container], { maxBuffer: 16 << 20 }, (error, out, err) =>
      error ? reject(error) : resolve(`${out}${err}`.split("\n")),
    ),
  );
}

test("a websocket carries a live notification that Odoo sends", async () => {
  const cookie = await session(world, one);
  const admin = { made: one, cookie };
  const [model] = await world.sql<{ id: number }>(
    one.database,
    "SELECT id FROM ir_model WHERE model = 'res.partner'",
  );
  const send = await callOdoo<number>(world, admin, "ir.actions.server", "create", {
    ...{ name: "Berth's test", model_id: model?.id, state: "code" },
    code: "env['bus.bus']._sendone('berth_test', 'berth.hello', {})",
  });
  const socket = new WebSocket(`ws://127.0.0.1:${world.settings.httpPort}/websocket?version=19.0-1`, {
    headers: { host: one.host, origin: `http://${one.host}`, cookie },
  });
  const heard: string[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.once("open", () => resolve());
    socket.once("error", reject);
    socket.once("unexpected-response", (_call, answer) =>
      reject(new Error(`websocket: ${answer.statusCode}`)),
    );
  });
  socket.on("message", (data) => heard.push(data.toString()));
  socket.send(JSON.stringify({ event_name: "subscribe", data: { channels: ["berth_test"], last: 0 } }));
  try {
    await until(
      async () => {
        // Sent again until heard: the subscription itself is taken asynchronously.
        await callOdoo(world, admin, "ir.actions.server", "run", [send]);
        return heard.some((text) => text.includes("berth.hello"));
      },
      { what: "the notification", deadlineMs: 30_000, everyMs: 500 },
    );
  } finally {
    socket.terminate();
  }
});

test("a file of 200 MB goes up", { timeout: 300_000 }, async () => {
  const cookie = await session(world, one);
  const page = await new Promise<string>((resolve, reject) => {
    const call = request(
      {
        host: "127.0.0.1",
        port: world.settings.httpPort,
        path: "/odoo",
        headers: { host: one.host, cookie },
      },
      (answer) => {
        let text = "";
        answer.on("data", (chunk) => {
          text += chunk;
        });
        answer.once("end", () => resolve(text));
      },
    );
    call.once("error", reject);
    call.end();
  });
  const token = /csrf_token: "([^"]+)"/.exec(page)?.[1];
  expect(token, page.slice(0, 300)).toBeDefined();
  const boundary = "berthboundary";
  const field = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const head = Buffer.from(
    `${field("csrf_token", token ?? "")}${field("model", "res.partner")}${field("id", "1")}--${boundary}\r\nContent-Disposition: form-data; name="ufile"; filename="big.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const size = 200 << 20;
  const block = Buffer.alloc(1 << 20, 7);
  const body = await new Promise<string>((resolve, reject) => {
    const call = request(
      {
        host: "127.0.0.1",
        port: world.settings.httpPort,
        path: "/web/binary/upload_attachment",
        method: "POST",
        headers: {
          host: one.host,
          cookie,
          "content-type": `multipart/form-data; boundary=${boundary}`,
          "content-length": head.length + size + tail.length,
        },
      },
      (answer) => {
        let text = "";
        answer.on("data", (chunk) => {
          text += chunk;
        });
        answer.once("end", () => resolve(`${answer.statusCode} ${text}`));
      },
    );
    call.once("error", reject);
    call.write(head);
    let sent = 0;
    const more = () => {
      while (sent < size) {
        sent += block.length;
        if (!call.write(block)) return call.once("drain", more);
      }
      call.end(tail);
    };
    more();
  });
  expect(body).toMatch(/^200/);
  const rows = await world.sql<{ file_size: number }>(
    one.database,
    "SELECT file_size FROM ir_attachment WHERE name = 'big.bin'",
  );
  expect(rows.map((row) => Number(row.file_size))).toEqual([size]);
});

test("routes come back by themselves after Redis lost everything", async () => {
  await world.redis("FLUSHALL");
  // Traefik serves on from what it knows for a moment: the keys are looked at first.
  await until(async () => (await world.redis("exists", "berth/epoch")) === "1", {
    what: "the routes to be written anew",
    deadlineMs: 30_000,
    everyMs: 50,
  });
  await until(
    async () => {
      const answers = await Promise.all(
        [one, two].map((made) =>
          throughTraefik(world.settings.httpPort, made.host, "/web/login").catch(() => undefined),
        ),
      );
      return answers.every((answer) => answer?.status === 200);
    },
    { what: "the routes", deadlineMs: 30_000, everyMs: 100 },
  );
});

test("one changed key is drift and stays until somebody mends it", async () => {
  const key = `traefik/http/routers/${two.tenant.id}-production/rule`;
  const right = await world.redis("get", key);
  await world.redis("set", key, "Host(`tampered.localhost`)");
  // The watcher reads the epoch key once a second: after a few of its looks it would have acted.
  const looks = async () =>
    Number(/cmdstat_exists:calls=(\d+)/.exec(await world.redis("info", "commandstats"))?.[1]);
  const before = await looks();
  await until(async () => (await looks()) > before + 6, {
    what: "some looks of the watcher",
    deadlineMs: 30_000,
    everyMs: 500,
  });
  expect(await world.redis("get", key)).toBe("Host(`tampered.localhost`)");
  const mended = await world.cli("two", "pulumi up --refresh --yes --non-interactive --color never");
  expect(mended.code, mended.output).toBe(0);
  expect(await world.redis("get", key)).toBe(right);
});
