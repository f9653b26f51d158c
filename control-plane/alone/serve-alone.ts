import { withFrontPage } from "../http/front-page.ts";
import type { Logger } from "../observability/log.ts";
import type { ServiceName } from "../service-names.ts";
import { serveUntil } from "../serving.ts";
import type { Settings } from "../settings.ts";
import type { OpenAlone } from "./open.ts";

export interface ServeAloneOptions {
  settings: Settings;
  env: Record<string, string | undefined>;
  log: Logger;
  /** Resolves with the reason when it should end. */
  stop: Promise<string>;
}

/** Runs one service on its own port until it is asked to stop. */
export async function serveAlone(
  name: ServiceName,
  open: OpenAlone,
  { stop, ...alone }: ServeAloneOptions,
): Promise<void> {
  const { service, login, keys, metrics, listen, urls } = await open(alone);
  const port = alone.settings.servicePorts[name];
  const own = { logins: { [name]: login }, keys: { [name]: keys } };
  const fetch = withFrontPage(service.app.fetch, { own: name, urls });
  const served = { ...service, ...own, metrics, fetch, listen, port };
  await serveUntil(stop, served, alone.log);
}
