import { type IncomingHttpHeaders, request } from "node:http";
import { Failure, reason } from "./failure.ts";

interface DockerAnswer {
  headers: IncomingHttpHeaders;
  /** Parsed JSON; undefined when the answer has no body. */
  body: unknown;
}

/** The part of the engine's API we speak ourselves. */
export interface DockerApi {
  /**
   * `path` as in the engine's reference, from the version on; a Buffer is sent as a tar archive, anything else
   * as JSON. Undefined when there is no such object. Throws a Failure for every other refusal.
   */
  call(
    method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<DockerAnswer | undefined>;
}

const apiVersion = "v1.41";

/** @param host `unix:///path` or `tcp://host:port`, as in DOCKER_HOST */
export function dockerApi(host: string): DockerApi {
  const target = address(host);
  return {
    async call(method, path, body) {
      const answer = await send({ ...target, method, path: `/${apiVersion}${path}` }, body).catch(
        (cause: unknown) => {
          throw new Failure(`The Docker engine at ${host} did not answer: ${reason(cause)}.`, { cause });
        },
      );
      if (answer.status === 404) return undefined;
      const value: unknown = answer.text === "" ? undefined : JSON.parse(answer.text);
      if (answer.status < 300) return { headers: answer.headers, body: value };
      const message = (value as { message?: string } | undefined)?.message ?? `status ${answer.status}`;
      throw new Failure(`The Docker engine refused ${method} ${path}: ${message}.`);
    },
  };
}

function address(host: string): { socketPath: string } | { host: string; port: number } {
  const url = URL.parse(host);
  if (url?.protocol === "unix:") return { socketPath: url.pathname };
  if (url?.protocol === "tcp:" || url?.protocol === "http:")
    return { host: url.hostname, port: Number(url.port) };
  throw new Failure(`DOCKER_HOST is "${host}"; the berth provider knows unix:// and tcp://.`);
}

interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

function send(options: object, body: unknown): Promise<RawAnswer> {
  const archive = Buffer.isBuffer(body);
  const bytes = archive ? body : Buffer.from(body === undefined ? "" : JSON.stringify(body));
  const headers = {
    host: "docker",
    "content-type": archive ? "application/x-tar" : "application/json",
    "content-length": bytes.length,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...options, headers, agent: false, timeout: 30_000 }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
      });
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 30 s")));
    outgoing.on("error", reject);
    outgoing.end(bytes);
  });
}
