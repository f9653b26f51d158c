import { readFile } from "node:fs/promises";
import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";

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

/** Calls the control plane as the holder of the bootstrap key. Throws {@link ApiError} for any answer but 2xx. */
export async function openApi(settings: Settings): Promise<Api> {
  const key = (await readFile(dataPaths(settings.dataDir).apiKey, "utf8")).trim();
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${apiUrl(settings)}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
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
