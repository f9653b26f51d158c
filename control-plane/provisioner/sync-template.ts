import pg from "pg";
import { connection } from "../database.ts";
import { putTemplate } from "../instance/put-template.ts";
import { readCatalogue } from "../platform/template/catalogue.ts";
import type { Deps } from "./deps.ts";

/** Tells the instance service what the template holds: what modules, languages and countries may be asked for. */
export async function syncTemplate({
  ctx,
  platform,
  tenantsServer,
  worker,
}: Pick<Deps, "ctx" | "platform" | "tenantsServer" | "worker">): Promise<void> {
  const client = new pg.Client(connection(tenantsServer, "berth provisioner"));
  await client.connect();
  try {
    const catalogue = await readCatalogue(client, platform.template.name);
    if (!catalogue)
      throw new Error(`The template ${platform.template.name} is missing. Run: bin/berth platform up`);
    await putTemplate(ctx, { name: platform.template.name, ...catalogue, worker });
  } finally {
    await client.end();
  }
}
