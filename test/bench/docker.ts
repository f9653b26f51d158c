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

/** A tar archive of one small file. */
export function tarOf(file: { name: string; mode: number; uid: number; text: string }): Buffer {
  const body = Buffer.from(file.text);
  const head = Buffer.alloc(512);
  const octal = (value: number, size: number) => `${value.toString(8).padStart(size - 1, "0")}\0`;
  head.write(file.name, 0);
  head.write(octal(file.mode, 8), 100);
  head.write(octal(file.uid, 8), 108);
  head.write(octal(0, 8), 116);
  head.write(octal(body.length, 12), 124);
  head.write(octal(0, 12), 136);
  head.write("        0", 148);
  head.write("ustar\x0000", 257);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
  return Buffer.concat([head, body, padding, Buffer.alloc(1024)]);
}
