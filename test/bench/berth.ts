import { readFile } from "node:fs/promises";
import { type Api, ApiError, apiUrl } from "../../control-plane/cli/api.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import type { Settings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { loginPageAnswers } from "./ready.ts";

interface Answer {
  tenant: { id: string; url: string };
  operation: { id: string };
}

/**
 * Creates a tenant over REST. Gives the seconds from the POST until its login page is 200 through Traefik.
 * As with the raw one, the page is asked for once the container runs: its operation's events tell when.
 */
export async function berthCreate(
  settings: Settings,
  api: Api,
  slug: string,
): Promise<{ id: string; readySeconds: number }> {
  const from = performance.now();
  const { tenant, operation } = await api<Answer>("POST", "/tenant/v1/tenants", {
    slug,
    name: "Bench",
    admin: { email: "admin@bench.example" },
  });
  await stepBegins(settings, operation.id, "wait for the login page");
  await loginPageAnswers(settings.httpPort, new URL(tenant.url).hostname);
  const readySeconds = (performance.now() - from) / 1000;
  await ended(api, operation.id);
  return { id: tenant.id, readySeconds };
}

/** Reads an operation's stream of events until a step begins. */
async function stepBegins(settings: Settings, operation: string, step: string): Promise<void> {
  const key = (await readFile(dataPaths(settings.dataDir).apiKey, "utf8")).trim();
  const url = `${apiUrl(settings)}/instance/v1/operations/${operation}/events`;
  const { body } = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  let seen = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += chunk;
    if (seen.includes(`"name":"${step}"`)) return;
  }
  throw new Error(`Operation ${operation} ended before its step "${step}":\n${seen}`);
}

/** Removes a tenant and waits until the operation says that nothing is left. */
export async function berthRemove(api: Api, slug: string): Promise<void> {
  const { operation } = await api<Answer>("DELETE", `/tenant/v1/tenants/${slug}`);
  await ended(api, operation.id);
}

async function ended(api: Api, id: string): Promise<void> {
  const operation = await until(
    async () => {
      const now = await api<{ status: string; error: { message: string } | null }>(
        "GET",
        `/instance/v1/operations/${id}`,
      ).catch((error) => {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      });
      return now && ["succeeded", "failed", "cancelled"].includes(now.status) ? now : undefined;
    },
    { what: `operation ${id}`, deadlineMs: 180_000, everyMs: 50 },
  );
  if (operation.status !== "succeeded") {
    throw new Error(`Operation ${id} ${operation.status}: ${operation.error?.message}`);
  }
}
