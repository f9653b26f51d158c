import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a path answers: a body, a status, silence, or a body of which only the half ever comes. */
export type Answer = Buffer | number | "silent" | { half: Buffer };

export interface FileServer {
  url: string;
  /** Paths asked for, in order. */
  asked: string[];
  close(): Promise<void>;
}

/** A vendor's download server on the loopback; what is not in `files` answers 404. */
export async function startFileServer(files: Record<string, Answer>): Promise<FileServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    asked.push(path);
    const answer = path === "/" ? 200 : (files[path] ?? 404);
    if (answer === "silent") return;
    if (typeof answer === "number") {
      response.writeHead(answer).end();
      return;
    }
    if (Buffer.isBuffer(answer)) {
      response.writeHead(200, { "content-length": answer.length }).end(answer);
      return;
    }
    response.writeHead(200, { "content-length": answer.half.length * 2 });
    response.write(answer.half);
  });
  const url = await listen(server);
  return { url, asked, close: () => shut(server) };
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function shut(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
