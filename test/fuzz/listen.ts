import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll } from "vitest";

type Fetch = Parameters<typeof serve>[0]["fetch"];

/** Serves an app on a free port until the file's tests are over, and gives its address. */
export async function listen(fetch: Fetch): Promise<string> {
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const started = serve({ fetch, port: 0, hostname: "127.0.0.1" }, () => resolve(started));
  });
  // Streams of events that were left may still be open.
  afterAll(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
