import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closer } from "../../control-plane/http/close-server.ts";
import { createLeaving } from "../../control-plane/http/leaving.ts";
import { until } from "../../control-plane/until.ts";

let server: Server;
let port: number;
let connections: ReturnType<typeof closer>;
/** Answers what is under way. */
let answer: Array<() => void>;
beforeEach(async () => {
  answer = [];
  server = createServer((request, response) => {
    if (request.url === "/slow") answer.push(() => response.end("whole"));
    else response.end("at once");
  });
  connections = closer(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
afterEach(() => server.closeAllConnections());

const agent = () => new Agent({ keepAlive: true, maxSockets: 1 });
async function ask(path: string, by: Agent): Promise<IncomingMessage> {
  const [response] = (await once(get({ port, host: "127.0.0.1", path, agent: by }), "response")) as [
    IncomingMessage,
  ];
  return response.resume();
}

test("what is under way is answered whole, and what nobody asks on is closed", async () => {
  const slow = ask("/slow", agent());
  const idle = agent();
  await once(await ask("/", idle), "end");
  const silent = connect(port, "127.0.0.1");
  await once(silent, "connect");
  await until(() => answer.length === 1, { what: "the request", deadlineMs: 5_000, everyMs: 5 });
  const closed = connections.close(10_000);
  await once(silent, "close");
  for (const one of answer) one();
  expect((await slow).statusCode).toBe(200);
  expect(await closed).toBe(0);
  await until(connections.isEmpty, { what: "the last connection", deadlineMs: 5_000, everyMs: 5 });
});

test("what takes longer than it may is cut, and counted", async () => {
  const slow = ask("/slow", agent());
  const cut = expect(slow).rejects.toThrow(/socket hang up/);
  await until(() => answer.length === 1, { what: "the request", deadlineMs: 5_000, everyMs: 5 });
  expect(await connections.close(20)).toBe(1);
  await cut;
});

test("one that leaves says so by its health and by closing behind each answer, and answers everything else", async () => {
  const leaving = createLeaving((request) => new Response(new URL(request.url).pathname));
  const health = async (path: string) =>
    (await leaving.fetch(new Request(`http://berth${path}`), {} as never)) as Response;
  expect((await health("/user/health")).status).toBe(200);
  const by = agent();
  expect((await ask("/", by)).headers.connection).toBe("keep-alive");
  leaving.begin(server);
  expect((await ask("/", by)).headers.connection).toBe("close");
  for (const path of ["/health", "/health/database", "/user/health", "/user/health/database"]) {
    const answered = await health(path);
    expect(answered.status, path).toBe(503);
    expect(await answered.json()).toMatchObject({ status: "stopping" });
  }
  expect(await (await health("/user/v1/health")).text()).toBe("/user/v1/health");
});
