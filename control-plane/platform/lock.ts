import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import { until } from "../until.ts";

/** Runs `work` while no other process of this machine runs it for the same data folder. */
export async function alone<T>(
  dataDir: string,
  onWait: () => void,
  work: () => Promise<T>,
  deadlineMs = 600_000,
): Promise<T> {
  let told = false;
  const lock = await until(
    async () => {
      const free = await takeLock("platform", dataDir);
      if (!free && !told) {
        told = true;
        onWait();
      }
      return free;
    },
    { what: "another run that works on the same platform", deadlineMs, everyMs: 100 },
  );
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes a lock of this machine; undefined when somebody has it.
 * It is an abstract socket: the kernel takes it back when its holder dies, however it dies.
 * @param what the kind of work, @param where the folder it is done for
 */
export async function takeLock(what: string, where: string): Promise<Lock | undefined> {
  const key = createHash("sha256").update(where).digest("hex").slice(0, 24);
  const server = await listen(`\0berth-${what}-${key}`);
  return server && { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function listen(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen(name, () => resolve(server));
  });
}
