import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { serviceUrl } from "../../control-plane/cli/api.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import type { ServiceName } from "../../control-plane/service-names.ts";
import type { Settings } from "../../control-plane/settings.ts";

/** One request of a client, which may be sent more than once and is the same request each time. */
export interface Wanted {
  what: "create" | "change" | "delete" | "restart" | "read";
  service: ServiceName;
  method: string;
  path: string;
  body?: unknown;
  /** The tenant that it is about. */
  slug: string;
  key: string;
}

interface Body {
  tenant?: { id: string; status: string };
  operation?: { id: string };
  code?: string;
  detail?: string;
  requestId?: string;
}

/** What came of sending it once. Without a status nobody answered. */
export interface Outcome {
  wanted: Wanted;
  seconds: number;
  status?: number;
  body: Body;
  isReplay: boolean;
  /** What is not as an answer must be, in words. */
  flaws: string[];
}

/** What came of a request: it was done or accepted, refused, or nobody answered. */
export type Reaction = "taken" | "refused" | "unanswered";

export function reactionOf({ status }: Outcome): Reaction {
  if (status === undefined) return "unanswered";
  return status < 300 ? "taken" : "refused";
}

/** Seconds after which a client gives up; of what is there, everything has to be answered by then. */
const patience = 10;
const patienceWithAway = 2;

/** @param isAway whether nobody is expected to answer */
export type Send = (wanted: Wanted, isAway: boolean) => Promise<Outcome>;

/** Sends with the staff's key, to the ports of the services. */
export async function openClient(settings: Settings): Promise<Send> {
  const key = (await readFile(dataPaths(settings.dataDir).apiKey, "utf8")).trim();
  return async (wanted, isAway) => {
    const { method, path, body } = wanted;
    const from = performance.now();
    const answer = await fetch(`${serviceUrl(settings, wanted.service)}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        "idempotency-key": wanted.key,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout((isAway ? patienceWithAway : patience) * 1000),
    })
      .then(async (response) => ({ response, text: await response.text() }))
      .catch(() => undefined);
    const seconds = (performance.now() - from) / 1000;
    if (!answer) return { wanted, seconds, body: {}, isReplay: false, flaws: [] };
    const { status, headers } = answer.response;
    const told = parsed(answer.text);
    return {
      ...{ wanted, seconds, status, body: told ?? {} },
      isReplay: headers.has("idempotent-replayed"),
      flaws: flawsOf(status, headers, told).map((flaw) => `${method} ${path}: ${flaw}`),
    };
  };
}

function parsed(text: string): Body | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An answer is the one that was asked for, or a refusal that says why, and when to come again. */
function flawsOf(status: number, headers: Headers, body: Body | undefined): string[] {
  if (!body) return [`answered ${status} with no JSON`];
  if (status < 400) return [];
  if (status !== 503) return [`answered ${status}: ${JSON.stringify(body)}`];
  const flaws: string[] = [];
  const type = headers.get("content-type");
  if (type !== "application/problem+json") flaws.push(`503 as ${type}`);
  if (!/^[A-Z].+\.$/.test(body.detail ?? "")) flaws.push(`503 without a sentence: ${body.detail}`);
  if (!/^[a-z]+_unavailable$/.test(body.code ?? "")) flaws.push(`503 with the code ${body.code}`);
  if (!body.requestId || body.requestId !== headers.get("x-request-id"))
    flaws.push("503 without a request id");
  if (!/^[1-9]\d?$/.test(headers.get("retry-after") ?? "")) flaws.push("503 without Retry-After");
  return flaws;
}

const tenants = "/tenant/v1/tenants";
const wanted = (wanted: Omit<Wanted, "key">): Wanted => ({ ...wanted, key: randomUUID() });

export const creating = (slug: string): Wanted => {
  const body = { slug, name: slug, admin: { email: `admin@${slug}.example` } };
  return wanted({ what: "create", service: "tenant", method: "POST", path: tenants, body, slug });
};
export const changing = (slug: string, name: string): Wanted => {
  const path = `${tenants}/${slug}`;
  return wanted({ what: "change", service: "tenant", method: "PATCH", path, body: { name }, slug });
};
export const deleting = (slug: string): Wanted =>
  wanted({ what: "delete", service: "tenant", method: "DELETE", path: `${tenants}/${slug}`, slug });
export const restarting = (slug: string): Wanted => {
  const path = `/instance/v1/tenants/${slug}/instances/production/restart`;
  return wanted({ what: "restart", service: "instance", method: "POST", path, slug });
};
export const reading = (service: ServiceName, path: string): Wanted =>
  wanted({ what: "read", service, method: "GET", path, slug: "" });
