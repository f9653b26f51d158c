import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface ReadinessOptions {
  /** The instance's own address and port. */
  address: string;
  port: number;
  /** All its host names, at least one, and Traefik's public port on 127.0.0.1. */
  hosts: string[];
  httpPort: number;
  deadlineMs: number;
  /** Ends the wait early with a sentence when the container cannot become ready any more. */
  isHopeless: () => Promise<string | undefined>;
  signal: AbortSignal;
}

/** Pause between two looks, in milliseconds: a twentieth of what was waited already, within these bounds. */
const pauseMs = { least: 25, most: 250 };
const hopelessEveryMs = 1_000;
/** For one page; and for the last one, which only tells what to say. */
const pageMs = 15_000;
const lastLookMs = 3_000;

/** The instance did not become ready; the message is a sentence. */
export class NotReadyError extends Error {
  override name = "NotReadyError";
}

/**
 * Waits until the login page is there through Traefik, for every host.
 * `/web/health` would not do: it is 200 while the registry cannot load. The port comes first and then one
 * request at a time, because the first page is what loads the registry; and each page is work that people who
 * wait would have to wait for, so it is not asked for at the instance itself as well.
 */
export async function untilReady(options: ReadinessOptions): Promise<void> {
  const { address, port, hosts, httpPort } = options;
  await poll(options, {
    check: () => opens(address, port),
    missing: async () => "its port does not open",
  });
  for (const host of hosts) {
    await poll(options, {
      check: () => loginPage("127.0.0.1", httpPort, host),
      missing: async () =>
        (await loginPage(address, port, host, { timeoutMs: lastLookMs, signal: options.signal }))
          ? `its login page does not come through Traefik as ${host}`
          : "its login page does not answer with 200",
    });
  }
}

async function poll(
  options: ReadinessOptions,
  { check, missing }: { check: () => Promise<boolean>; missing: () => Promise<string> },
): Promise<void> {
  const from = performance.now();
  const end = from + options.deadlineMs;
  let look = from + hopelessEveryMs;
  while (!(await check())) {
    options.signal.throwIfAborted();
    if (performance.now() > look) {
      const why = await options.isHopeless();
      if (why) throw new NotReadyError(why);
      look = performance.now() + hopelessEveryMs;
    }
    if (performance.now() > end) {
      throw new NotReadyError(
        `Odoo did not become ready within ${Math.round(options.deadlineMs / 1000)} s: ${await missing()}.`,
      );
    }
    const pause = Math.min(Math.max((performance.now() - from) / 20, pauseMs.least), pauseMs.most);
    await delay(pause, undefined, { signal: options.signal });
  }
}

function opens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

/** Whether `/web/login` is 200. Any other answer, or none within 15 s, is "not yet". */
function loginPage(
  address: string,
  port: number,
  host: string,
  { timeoutMs = pageMs, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(
      {
        host: address,
        port,
        path: "/web/login",
        headers: { host },
        agent: false,
        timeout: timeoutMs,
        signal,
      },
      (answer) => {
        answer.resume();
        answer.once("error", () => resolve(false));
        answer.once("close", () => resolve(answer.complete && answer.statusCode === 200));
      },
    );
    asked.once("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.once("error", () => resolve(false));
    asked.end();
  });
}
