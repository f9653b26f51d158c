import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { until } from "../../control-plane/until.ts";
import { freePorts } from "./free-ports.ts";

const exec = promisify(execFile);
const docker = async (...args: string[]) => (await exec("docker", args)).stdout.trim();

/** A Redis of the tests' own: in one container, gone afterwards. */
export interface TestRedis {
  port: number;
  password: string;
  /** Runs one command on a connection of its own. */
  command(name: string, ...args: string[]): Promise<unknown>;
  /** Every key and what it holds, as one text. */
  dump(): Promise<string>;
  /** Stops it as a machine that goes down does; `start` brings it back with its data. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Holds it still: connections stay, nothing is answered. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  remove(): Promise<void>;
}

/** Starts one and waits until it answers. */
export async function startRedis(image: string): Promise<TestRedis> {
  const [port = 0] = await freePorts(1);
  const password = randomBytes(12).toString("hex");
  const container = `berth-t-redis-${randomBytes(4).toString("hex")}-redis`;
  // Every write is on the disk before it is answered: what comes back after a stop is all that was there.
  const config = [
    ...[`port ${port}`, "bind 127.0.0.1", `requirepass ${password}`, "dir /data"],
    ...["appendonly yes", "appendfsync always", 'save ""', "maxmemory-policy noeviction"],
  ].join("\n");
  await docker(
    ...["run", "--detach", "--name", container, "--label", "berth.env=t-redis", "--network", "host"],
    ...["--env", `CONFIG=${config}`, image],
    ...["sh", "-c", 'echo "$CONFIG" >/tmp/redis.conf && exec redis-server /tmp/redis.conf'],
  );
  const withClient = async <T>(work: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis({
      ...{ host: "127.0.0.1", port, password, lazyConnect: true, connectTimeout: 2_000 },
      ...{ maxRetriesPerRequest: 0, retryStrategy: () => null },
    });
    // Every failure is also the one of the command that is waited for.
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await work(client);
    } finally {
      client.disconnect();
    }
  };
  const answers = () =>
    until(
      () =>
        withClient((client) => client.ping()).then(
          () => true,
          () => false,
        ),
      {
        what: "Redis of the tests",
        deadlineMs: 60_000,
        everyMs: 50,
      },
    );
  const redis: TestRedis = {
    port,
    password,
    command: (name, ...args) => withClient((client) => client.call(name, ...args)),
    dump: () =>
      withClient(async (client) => {
        const lines: string[] = [];
        for (const key of await client.keys("*")) {
          const isHash = (await client.type(key)) === "hash";
          lines.push(`${key} ${isHash ? JSON.stringify(await client.hgetall(key)) : await client.get(key)}`);
        }
        return lines.join("\n");
      }),
    async stop() {
      await docker("stop", "--time", "0", container);
    },
    async start() {
      await docker("start", container);
      await answers();
    },
    async pause() {
      await docker("pause", container);
    },
    async resume() {
      await docker("unpause", container);
    },
    async remove() {
      await docker("rm", "--force", "--volumes", container);
    },
  };
  try {
    await answers();
  } catch (error) {
    await redis.remove();
    throw error;
  }
  return redis;
}
