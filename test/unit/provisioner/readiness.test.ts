import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { NotReadyError, untilReady } from "../../../control-plane/provisioner/readiness.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(answer: RequestListener, port = 0): Promise<number> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A port of which nobody answers, until somebody takes it. */
async function closedPort(): Promise<number> {
  const port = await serve(() => undefined);
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return port;
}

const options = (port: number, httpPort: number, more: Partial<Parameters<typeof untilReady>[0]> = {}) => ({
  ...{ address: "127.0.0.1", port, hosts: ["acme.localhost"], httpPort, deadlineMs: 10_000 },
  ...{ isHopeless: async () => undefined, signal: new AbortController().signal, ...more },
});

test("the login page decides: one that fails is not ready, whatever the health page says", async () => {
  const asked: string[] = [];
  const httpPort = await serve((request, response) => {
    asked.push(request.url ?? "");
    const isLogin = request.url === "/web/login";
    response.statusCode = isLogin && asked.length < 4 ? 500 : 200;
    response.end("page");
  });
  await untilReady(options(await serve((_request, response) => response.end()), httpPort));
  expect(asked).toEqual(Array(4).fill("/web/login"));
});

test("no page is asked for before the instance's port is open", async () => {
  let asked = 0;
  const httpPort = await serve((_request, response) => {
    asked += 1;
    response.end();
  });
  const port = await closedPort();
  // Asked about after a second of waiting.
  const waited = Promise.withResolvers<undefined>();
  const isHopeless = async () => void waited.resolve(undefined) as undefined;
  const ready = untilReady(options(port, httpPort, { isHopeless }));
  await waited.promise;
  expect(asked).toBe(0);
  await serve((_request, response) => response.end(), port);
  await ready;
  expect(asked).toBe(1);
});

test("of every host name, one request at a time", async () => {
  const hosts: string[] = [];
  let now = 0;
  let most = 0;
  const httpPort = await serve((request, response) => {
    now += 1;
    most = Math.max(most, now);
    hosts.push(request.headers.host ?? "");
    setTimeout(() => {
      now -= 1;
      response.statusCode = hosts.length < 3 ? 502 : 200;
      response.end();
    }, 60);
  });
  const port = await serve((_request, response) => response.end());
  await untilReady(options(port, httpPort, { hosts: ["a.localhost", "b.localhost"] }));
  expect(hosts).toEqual(["a.localhost", "a.localhost", "a.localhost", "b.localhost"]);
  expect(most).toBe(1);
});

test("a page that is broken off in its middle is not there", async () => {
  let asked = 0;
  const httpPort = await serve((request, response) => {
    asked += 1;
    if (asked > 1) return response.end("whole");
    response.writeHead(200, { "content-length": "1000" });
    response.write("half", () => request.socket.destroy());
  });
  await untilReady(options(await serve((_request, response) => response.end()), httpPort));
  expect(asked).toBe(2);
});

test("says what is missing when the time is over, and ends early when it is hopeless", async () => {
  const port = await serve((_request, response) => {
    response.statusCode = 500;
    response.end();
  });
  const deadlineMs = 200;
  const late = (of: number, httpPort: number) => untilReady(options(of, httpPort, { deadlineMs }));
  await expect(late(await closedPort(), port)).rejects.toThrow(
    new NotReadyError("Odoo did not become ready within 0 s: its port does not open."),
  );
  await expect(late(port, port)).rejects.toThrow(/its login page does not answer with 200/);
  const well = await serve((_request, response) => response.end());
  await expect(late(well, port)).rejects.toThrow(/does not come through Traefik as acme\.localhost/);

  const from = performance.now();
  const isHopeless = async () => "Odoo ends again and again.";
  await expect(untilReady(options(port, port, { isHopeless }))).rejects.toThrow("Odoo ends again and again.");
  expect(performance.now() - from).toBeLessThan(5_000);
});

test("ends at once when it is given up", async () => {
  const stop = new AbortController();
  const port = await closedPort();
  const ready = untilReady(options(port, port, { signal: stop.signal }));
  stop.abort(new Error("given up"));
  await expect(ready).rejects.toThrow(/given up|abort/);
});
