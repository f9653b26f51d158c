import { get } from "node:http";
import { gatewayOf, isOwnServer, type Settings } from "../settings.ts";
import { until } from "../until.ts";
import { onServer } from "./databases.ts";
import { redisAnswers } from "./redis.ts";

/** Waits until PostgreSQL, Redis and Traefik answer. Throws a sentence that says which does not. */
export async function waitForServices(settings: Settings, deadlineMs: number): Promise<void> {
  const wait = (what: string, check: () => Promise<boolean>) =>
    until(check, { what, deadlineMs, everyMs: 50 });
  await Promise.all([
    wait("PostgreSQL to answer", () => postgresAnswers(settings)),
    wait(`Redis to answer on port ${settings.redisPort}`, () => redisAnswers(settings)),
    wait(`Traefik to answer on port ${settings.traefikAdminPort}`, () => traefikAnswers(settings)),
  ]);
}

/** True when every server takes a query and our own listens on the gateway as well. */
async function postgresAnswers(settings: Settings): Promise<boolean> {
  const urls = [...new Set([settings.platformDatabaseUrl, settings.tenantsDatabaseUrl])].map(
    (text) => new URL(text),
  );
  for (const url of urls) {
    const answered = await onServer(settings, url, async (client) => {
      await client.query("select 1");
      return true;
    }).catch((error) => starting(error, url.host));
    if (!answered) return false;
    if (isOwnServer(settings, url) && !(await listensOnGateway(settings))) return false;
  }
  return true;
}

/** "Not yet" for what passes by itself; anything else ends the wait. */
function starting(error: NodeJS.ErrnoException, host: string): false {
  const passing = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "57P03", "57P01"];
  if (passing.includes(error.code ?? "") || /terminated unexpectedly|timeout/i.test(error.message))
    return false;
  const hint =
    error.code === "28P01"
      ? " Its data were made with another password: is BERTH_DATA_DIR the one they belong to?"
      : "";
  throw new Error(`PostgreSQL at ${host} refuses the administrator's login: ${error.message}.${hint}`, {
    cause: error,
  });
}

/** On the gateway the superuser is refused by name: that refusal proves that PostgreSQL listens there. */
async function listensOnGateway(settings: Settings): Promise<boolean> {
  const gateway = new URL(
    `postgres://postgres@${gatewayOf(settings.tenantSubnet)}:${settings.postgresPort}/postgres`,
  );
  return onServer(settings, gateway, async () => true).catch(
    (error: NodeJS.ErrnoException) => error.code === "28000",
  );
}

function traefikAnswers(settings: Settings): Promise<boolean> {
  return new Promise((resolve) => {
    const url = `http://127.0.0.1:${settings.traefikAdminPort}/ping`;
    const request = get(url, { timeout: 2000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}
