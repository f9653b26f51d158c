import http from "node:http";
import { ToolchainError } from "../errors.ts";

/** A Docker engine, spoken to over its API. */
export interface Engine {
  /** As in DOCKER_HOST: `unix:///path` or `tcp://host:port`. */
  host: string;
}

export interface EngineRequest {
  method: "GET" | "POST" | "DELETE";
  /** With query; without API version, so that every engine takes it as its own. */
  path: string;
  body?: NodeJS.ReadableStream | string;
  type?: string;
  signal?: AbortSignal;
}

/** The engine answered with an error; `status` is HTTP's. */
export class EngineError extends ToolchainError {
  override name = "EngineError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Sends one request and gives the response's stream once its status is good. */
export async function request(engine: Engine, ask: EngineRequest): Promise<http.IncomingMessage> {
  const response = await send(engine, ask);
  const status = response.statusCode ?? 0;
  if (status < 400) return response;
  const text = await readAll(response);
  throw new EngineError(
    status,
    `Docker engine: ${messageIn(text)} (${ask.method} ${ask.path.split("?")[0]})`,
  );
}

/** Like {@link request}, for small JSON answers. */
export async function requestJson(engine: Engine, ask: EngineRequest): Promise<unknown> {
  return JSON.parse((await readAll(await request(engine, ask))) || "null");
}

function send(engine: Engine, ask: EngineRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      {
        ...address(engine),
        method: ask.method,
        path: ask.path,
        headers: { "content-type": ask.type ?? "application/json" },
        signal: ask.signal,
      },
      resolve,
    );
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      const unreachable = error.code === "ENOENT" || error.code === "ECONNREFUSED";
      reject(
        unreachable
          ? new ToolchainError(`No Docker engine answers at ${engine.host}. Run bin/setup.`)
          : error,
      );
    });
    if (ask.body === undefined || typeof ask.body === "string") {
      outgoing.end(ask.body);
      return;
    }
    ask.body.on("error", (error) => outgoing.destroy(error));
    ask.body.pipe(outgoing);
  });
}

function address({ host }: Engine): http.RequestOptions {
  const url = new URL(host);
  if (url.protocol === "unix:") return { socketPath: url.pathname };
  if (url.protocol === "tcp:" || url.protocol === "http:") return { host: url.hostname, port: url.port };
  throw new ToolchainError(`DOCKER_HOST is ${host}: only unix:// and tcp:// are understood.`);
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text;
}

function messageIn(text: string): string {
  try {
    return String(JSON.parse(text).message);
  } catch {
    return text.trim();
  }
}
