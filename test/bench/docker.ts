import { request } from "node:http";

/** One call of the engine's API over its socket. Rejects for every answer but 2xx and 304. */
export function docker(method: string, path: string, body?: unknown | Buffer): Promise<unknown> {
  const raw = Buffer.isBuffer(body);
  const payload = body === undefined ? undefined : raw ? body : Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const call = request(
      {
        socketPath: "/var/run/docker.sock",
        method,
        path: `/v1.41${path}`,
        agent: false,
        headers: {
          host: "docker",
          ...(payload
            ? {
                "content-type": raw ? "application/x-tar" : "application/json",
                "content-length": payload.length,
              }
            : {}),
        },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.once("error", reject);
        answer.once("end", () => {
          const text = Buffer.concat(chunks).toString();
          const status = answer.statusCode ?? 0;
          if (status >= 300 && status !== 304) reject(new Error(`${method} ${path}: ${status} ${text}`));
          else resolve(text ? JSON.parse(text) : undefined);
        });
      },
    );
    call.once("error", reject);
    call.end(payload);
  });
}
