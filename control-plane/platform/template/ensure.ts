import type { Client } from "pg";
import type { Settings } from "../../settings.ts";
import { onServer } from "../databases.ts";
import { tenantsServer } from "../firewall/plan.ts";
import type { PlatformOutputs } from "../outputs.ts";
import type { Run } from "../run.ts";
import type { PlatformTools, Progress } from "../tools.ts";
import { build, clear, type Site } from "./build.ts";
import { type Catalogue, readCatalogue } from "./catalogue.ts";
import { pack, publish } from "./finish.ts";
import { templateName } from "./name.ts";

export interface TemplateArgs {
  settings: Settings;
  tools: PlatformTools;
  run: Run;
  progress: Progress;
}

/**
 * Makes the template of this Odoo image unless it is there. What an interrupted build left is removed and made
 * again; of two at once, one builds and the other waits and finds it.
 */
export async function ensureTemplate(args: TemplateArgs): Promise<PlatformOutputs["template"]> {
  const { settings, tools, progress } = args;
  const { name, key } = await templateName(tools.images.odoo.digest);
  const found = await onServer(settings, new URL(settings.tenantsDatabaseUrl), async (client) => {
    const present = await readCatalogue(client, name);
    if (present) {
      progress(`the template ${name} is there`);
      return present;
    }
    return locked(
      client,
      progress,
      async () => (await readCatalogue(client, name)) ?? make(args, client, name, key),
    );
  });
  return { name, key, odooVersion: found.odooVersion };
}

async function make(args: TemplateArgs, client: Client, name: string, key: string): Promise<Catalogue> {
  const { settings, tools, run, progress } = args;
  const server = new URL(settings.tenantsDatabaseUrl);
  const site: Site = {
    env: settings.env,
    image: tools.images.odoo.ref,
    ...tenantsServer(settings),
    building: `building_${key}`,
  };
  const from = performance.now();
  const timed = (text: string) =>
    progress(`${text}, ${((performance.now() - from) / 1000).toFixed(0)} s so far`);
  await clear(client, run, site);
  try {
    const catalogue = await build(client, run, site, timed);
    timed("template: packing");
    await onServer(settings, server, (inside) => pack(inside, site.building), site.building);
    await publish(client, site.building, name, catalogue);
    timed(`template: ${name} is made`);
    return catalogue;
  } catch (error) {
    // The reason counts, not what stands in the way of cleaning up: the next build clears again.
    await clear(client, run, site).catch(() => undefined);
    throw new Error(`The template database could not be built: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** One build at a time on a server. The lock goes with the connection, so a dead builder holds nothing. */
async function locked<T>(client: Client, progress: Progress, work: () => Promise<T>): Promise<T> {
  const lock = "hashtext('berth template')";
  const { rows } = await client.query<{ free: boolean }>(`select pg_try_advisory_lock(${lock}) as free`);
  if (!rows[0]?.free) {
    progress("another run builds the template; waiting for it");
    await client.query(`select pg_advisory_lock(${lock})`);
  }
  try {
    return await work();
  } finally {
    // Closing the connection would do the same; this is sooner.
    await client.query(`select pg_advisory_unlock(${lock})`).catch(() => undefined);
  }
}
