import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { type Api, apiUrl } from "../../control-plane/cli/api.ts";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import type { Settings } from "../../control-plane/settings.ts";

interface Answer {
  tenant: { id: string; url: string };
  operation: { id: string };
}

/**
 * Creates a tenant over REST. Gives the seconds from the POST until its login page is 200 through Traefik, as its
 * operation's events tell who waits for it: Berth has asked for the page then, and a second time would be work that by
 * hand is done once. Whether it is true is asked with the host that is given, when nothing is measured.
 */
export async function berthCreate(
  settings: Settings,
  api: Api,
  slug: string,
): Promise<{ host: string; readySeconds: number }> {
  const from = performance.now();
  const { tenant, operation } = await api<Answer>("POST", "/tenant/v1/tenants", {
    slug,
    name: "Bench",
    admin: { email: "admin@bench.example" },
  });
  let readySeconds = Number.NaN;
  await follow(settings, operation.id, async ({ type, data }) => {
    if (type !== "step" || data.name !== "wait for the login page" || data.status !== "succeeded") return;
    readySeconds = (performance.now() - from) / 1000;
  });
  if (Number.isNaN(readySeconds)) throw new Error(`Operation ${operation.id} told of no login page.`);
  return { host: new URL(tenant.url).hostname, readySeconds };
}

/** Throws unless a tenant's login page is 200 through Traefik at the first time of asking. */
export async function mustAnswer({ httpPort }: Settings, host: string): Promise<void> {
  const { status } = await throughTraefik(httpPort, host, "/web/login", { timeoutMs: 10_000 });
  if (status !== 200)
    throw new Error(`http://${host}/web/login was told to be there, and answers ${status}.`);
}

/** Removes a tenant and waits until the operation says that nothing is left. */
export async function berthRemove(settings: Settings, api: Api, slug: string): Promise<void> {
  const { operation } = await api<Answer>("DELETE", `/tenant/v1/tenants/${slug}`);
  await follow(settings, operation.id);
}

const deadlineMs = 180_000;

interface Event {
  type: string;
  data: { name?: string; status?: string; error?: { message: string } };
}

/** Reads an operation's stream of events to its end; throws when that is not success. Polling would cost what is measured. */
async function follow(
  settings: Settings,
  operation: string,
  onEvent: (event: Event) => Promise<void> = async () => undefined,
): Promise<void> {
  const key = (await readFile(dataPaths(settings.dataDir).apiKey, "utf8")).trim();
  const url = `${apiUrl(settings)}/instance/v1/operations/${operation}/events`;
  const headers = { authorization: `Bearer ${key}` };
  const signal = AbortSignal.timeout(deadlineMs);
  let answer = await fetch(url, { headers, signal });
  // Handed over from service to service, which takes a moment.
  while (answer.status === 404) {
    await answer.body?.cancel();
    await delay(5);
    answer = await fetch(url, { headers, signal });
  }
  if (!answer.ok) throw new Error(`GET ${url}: ${answer.status} ${await answer.text()}`);
  const lines = (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream());
  let last = "";
  let unread = "";
  for await (const chunk of lines) {
    const blocks = (unread + chunk).split("\n\n");
    unread = blocks.pop() ?? "";
    for (const block of blocks) {
      const type = /^event: ?(.*)$/m.exec(block)?.[1];
      const data = /^data: ?(.*)$/m.exec(block)?.[1];
      if (!type || !data) continue;
      last = type;
      await onEvent({ type, data: JSON.parse(data) });
      if (type === "failed" || type === "cancelled")
        throw new Error(`Operation ${operation} ${type}: ${data}`);
    }
  }
  if (last !== "succeeded") throw new Error(`The events of ${operation} ended with "${last}".`);
}
