import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The machine's own Docker engine behind a wire that can be cut: away for whoever uses `host`, and for nobody else. */
export interface SeverableEngine {
  /** `unix:///...`, for DOCKER_HOST. */
  host: string;
  /** Breaks every connection off and refuses new ones. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  close(): Promise<void>;
}

const engineSocket = "/var/run/docker.sock";

export async function severableEngine(): Promise<SeverableEngine> {
  const folder = await mkdtemp(join(tmpdir(), "berth-wire-"));
  const path = join(folder, "docker.sock");
  const open = new Set<Socket>();
  let server: Server | undefined;
  const connect = (near: Socket) => {
    const far = createConnection({ path: engineSocket, allowHalfOpen: true });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.once("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  };
  const mend = async () => {
    const next = createServer({ allowHalfOpen: true }, connect);
    server = next;
    await new Promise<void>((resolve, reject) => {
      next.once("error", reject);
      next.listen(path, resolve);
    });
  };
  const cut = async () => {
    const old = server;
    server = undefined;
    if (!old) return;
    const closed = new Promise<void>((resolve) => old.close(() => resolve()));
    for (const socket of open) socket.destroy();
    await closed;
  };
  await mend();
  return {
    host: `unix://${path}`,
    cut,
    mend,
    async close() {
      await cut();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
