import { isOwnServer, type Settings } from "./settings.ts";

/**
 * Why an environment is not one of development, in which everything may be thrown away; undefined when it is. One that others can
 * reach by a name has a domain of its own, and one whose databases are elsewhere does not own what is on that server.
 */
export function whyNotDevelopment(settings: Settings): string | undefined {
  const { domain } = settings;
  if (domain !== "localhost" && !domain.endsWith(".localhost"))
    return `its domain is ${domain} (BERTH_DOMAIN). Only localhost, or a name that ends in .localhost, is development`;
  for (const url of [settings.platformDatabaseUrl, settings.tenantsDatabaseUrl])
    if (!isOwnServer(settings, new URL(url)))
      return `its databases are on a server of your own (${new URL(url).host})`;
  return undefined;
}
