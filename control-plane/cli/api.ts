import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";
import { readIfThere } from "./read-if-there.ts";

/** An answer that is not a success; the message is the problem's own sentence, with code and request id. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly status: number;
  readonly code: string | undefined;
  constructor(
    status: number,
    problem: { title?: string; detail?: string; code?: string; requestId?: string },
  ) {
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

/** Base URL of the control plane as it is reached from this machine. */
export function apiUrl(settings: Settings): string {
  return `http://127.0.0.1:${settings.apiPort}`;
}

/** Calls the control plane with the data folder's key. Throws {@link ApiError} for any answer but 2xx. */
export async function openApi(settings: Settings): Promise<Api> {
  const key = await readIfThere(dataPaths(settings.dataDir).apiKey);
  if (key === undefined) throw new Error(keyMissing(settings));
  return createApi(settings, key);
}

/** What to do where there is no key yet, in a sentence. */
export function keyMissing(settings: Settings): string {
  return `There is no API key in ${dataPaths(settings.dataDir).apiKey} yet. bin/berth staff makes one, with the first staff account; or make one yourself (POST /user/v1/staff/api-keys) and put it there.`;
}

/** Calls the control plane with a key or a session's token, or as nobody. Throws {@link ApiError} for any answer but 2xx. */
export function createApi(settings: Settings, token?: string): Api {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${apiUrl(settings)}${path}`, {
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
