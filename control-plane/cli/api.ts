import { dataPaths } from "../paths.ts";
import { portsByService } from "../ports.ts";
import { isServiceName, type ServiceName } from "../service-names.ts";
import { apiHost, type Settings } from "../settings.ts";
import { readIfThere } from "./read-if-there.ts";

interface Told {
  title?: string;
  detail?: string;
  code?: string;
  requestId?: string;
}

/** An answer that is not a success; the message is the problem's own sentence, with code and request id. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  readonly code: string | undefined;
  constructor(status: number, problem: Told) {
    const where = [problem.code, problem.requestId && `request ${problem.requestId}`]
      .filter(Boolean)
      .join(", ");
    super(
      `${problem.detail ?? problem.title ?? `The control plane answered ${status}.`}${where ? ` (${where})` : ""}`,
    );
    this.status = status;
    this.code = problem.code;
  }
}

export type Api = <T>(method: string, path: string, body?: unknown) => Promise<T>;

/** Base URL under which a service is reached from this machine. */
export function serviceUrl(settings: Settings, service: ServiceName): string {
  return `http://127.0.0.1:${portsByService(settings)[service]}`;
}

/** Base URL of all services: through Traefik when each has a port of its own. */
export function apiUrl(settings: Settings): string {
  if (settings.services === "together") return serviceUrl(settings, "tenant");
  return `http://${apiHost(settings)}${settings.httpPort === 80 ? "" : `:${settings.httpPort}`}`;
}

/** Base URL of the service that a path belongs to. */
function baseOf(settings: Settings, path: string): string {
  const name = path.split("/")[1] ?? "";
  return serviceUrl(settings, isServiceName(name) ? name : "tenant");
}

/** Calls the control plane with the data folder's key. Throws {@link ApiError} for any answer but 2xx. */
export async function openApi(settings: Settings): Promise<Api> {
  const key = await readIfThere(dataPaths(settings.dataDir).apiKey);
  if (key === undefined) throw new Error(keyMissing(settings));
  const api = createApi(settings, key);
  return (...request) =>
    api<never>(...request).catch((error) => {
      if (error instanceof ApiError && error.status === 401) throw new ApiError(401, keyRefused(settings));
      throw error;
    });
}

function keyRefused(settings: Settings): Told {
  const detail = `The API key in ${dataPaths(settings.dataDir).apiKey} was revoked, has expired, or belongs to somebody who is no longer one of the staff. bin/berth staff makes another one.`;
  return { code: "unauthorized", detail };
}

/** What to do where there is no key yet, in a sentence. */
export function keyMissing(settings: Settings): string {
  return `There is no API key in ${dataPaths(settings.dataDir).apiKey} yet. bin/berth staff makes one, with the first staff account; or make one yourself (POST /user/v1/staff/api-keys) and put it there.`;
}

/** What a path answers, as it comes in, with the data folder's key. Throws {@link ApiError} for any answer but 2xx. */
export async function openStream(settings: Settings, path: string): Promise<ReadableStream<Uint8Array>> {
  const key = await readIfThere(dataPaths(settings.dataDir).apiKey);
  if (key === undefined) throw new Error(keyMissing(settings));
  const response = await reach(baseOf(settings, path), path, { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) throw new ApiError(response.status, (await response.json().catch(() => ({}))) as Told);
  if (!response.body) throw new Error(`There was nothing in the answer of ${path}.`);
  return response.body;
}

/** Calls the control plane with a key or a session's token, or as nobody. Throws {@link ApiError} for any answer but 2xx. */
export function createApi(settings: Settings, token?: string): Api {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const base = baseOf(settings, path);
    const response = await reach(base, path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    const parsed = text && response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : {};
    if (!response.ok) throw new ApiError(response.status, parsed);
    return parsed as T;
  };
}

function reach(base: string, path: string, init: RequestInit): Promise<Response> {
  return fetch(`${base}${path}`, init).catch((cause: Error) => {
    if (cause.name === "TimeoutError") throw cause;
    throw new Error(`Nothing answers at ${base}. Bring the control plane up: bin/berth start`, { cause });
  });
}
