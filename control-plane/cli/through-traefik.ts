import { type IncomingHttpHeaders, request } from "node:http";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/**
 * One request to a host name behind this machine's Traefik. It connects to 127.0.0.1 and sends the
 * name, because `*.localhost` need not resolve. Rejects when nothing answers within `timeoutMs`.
 */
export function throughTraefik(
  port: number,
  host: string,
  path: string,
  {
    body,
    headers = {},
    timeoutMs = 10_000,
  }: { body?: unknown; headers?: Record<string, string>; timeoutMs?: number } = {},
): Promise<Answer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: "127.0.0.1",
        port,
        path,
        agent: false,
        method: payload === undefined ? "GET" : "POST",
        headers: {
          ...headers,
          host,
          ...(payload === undefined ? {} : { "content-type": "application/json" }),
        },
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    call.once("error", reject);
    call.end(payload);
  });
}
