import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { serviceUrl } from "../../control-plane/cli/api.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import type { ServiceName } from "../../control-plane/service-names.ts";
import type { Settings } from "../../control-plane/settings.ts";

export type What = "create" | "change" | "delete" | "restart" | "read";

/** One request of a client, which may be sent more than once and is the same request each time. */
export interface Wanted {
  what: What;
  service: ServiceName;
  method: string;
  path: string;
  body?: unknown;
  key: string;
}

/** What came of sending it once. Without a status nobody answered. */
export interface Outcome {
  wanted: Wanted;
  seconds: number;
  status?: number;
  body: Record<string, unknown>;
  isReplay: boolean;
  /** What is not as an answer must be, in words. */
  flaws: string[];
}

/** Seconds after which a client gives up: everything that can answer has to by then. */
const patience = 8;

export type Send = (wanted: Wanted) => Promise<Outcome>;

/** Sends as the staff's key, to the ports of the services. */
export async function openClient(settings: Settings): Promise<Send> {
  const key = (await readFile(dataPaths(settings.dataDir).apiKey, "utf8")).trim();
  return async (wanted) => {
    const from = performance.now();
    const response = await fetch(`${serviceUrl(settings, wanted.service)}${wanted.path}`, {
      method: wanted.method,
      headers: {
        authorization: `Bearer ${key}`,
        "idempotency-key": wanted.key,
        ...(wanted.body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: wanted.body === undefined ? undefined : JSON.stringify(wanted.body),
      signal: AbortSignal.timeout(patience * 1000),
    }).catch(() => undefined);
    const text = await response?.text().catch(() => undefined);
    const seconds = (performance.now() - from) / 1000;
    if (!response || text === undefined) return { wanted, seconds, body: {}, isReplay: false, flaws: [] };
    const body = parsed(text);
    return {
      wanted,
      seconds,
      status: response.status,
      body,
      isReplay: response.headers.has("idempotent-replayed"),
      flaws: flawsOf(response, body).map((flaw) => `${wanted.method} ${wanted.path}: ${flaw}`),
    };
  };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** An answer is the one that was asked for, or a refusal that says why and when to come again. */
function flawsOf({ status, headers }: Response, body: Record<string, unknown>): string[] {
  if (status < 400) return [];
  if (status !== 503) return [`answered ${status}: ${JSON.stringify(body)}`];
  const flaws: string[] = [];
  const type = headers.get("content-type");
  if (type !== "application/problem+json") flaws.push(`503 as ${type}`);
  if (!/^[A-Z].+\.$/.test(String(body.detail))) flaws.push(`503 without a sentence: ${body.detail}`);
  if (!/^[a-z]+_unavailable$/.test(String(body.code))) flaws.push(`503 with the code ${body.code}`);
  if (!body.requestId || body.requestId !== headers.get("x-request-id"))
    flaws.push("503 without a request id");
  if (!/^[1-9]\d?$/.test(headers.get("retry-after") ?? "")) flaws.push("503 without Retry-After");
  return flaws;
}

const tenants = "/tenant/v1/tenants";
const wanted = (what: What, service: ServiceName, method: string, path: string, body?: unknown): Wanted => ({
  ...{ what, service, method, path, body },
  key: randomUUID(),
});

export const creating = (slug: string) =>
  wanted("create", "tenant", "POST", tenants, {
    slug,
    name: slug,
    admin: { email: `admin@${slug}.example` },
  });
export const changing = (slug: string, name: string) =>
  wanted("change", "tenant", "PATCH", `${tenants}/${slug}`, { name });
export const deleting = (slug: string) => wanted("delete", "tenant", "DELETE", `${tenants}/${slug}`);
export const restarting = (slug: string) =>
  wanted("restart", "instance", "POST", `/instance/v1/tenants/${slug}/instances/production/restart`);
export const reading = (service: ServiceName, path: string) => wanted("read", service, "GET", path);
