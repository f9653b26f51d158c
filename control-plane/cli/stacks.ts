import type { Settings } from "../settings.ts";
import { openApi } from "./api.ts";
import { everyItem } from "./every-item.ts";
import type { Say } from "./say.ts";

interface Row {
  slug: string;
  id: string;
  status: string;
  url: string;
}

/** Lists slug, stack, status and URL of every tenant, from the record and not from Pulumi's state. */
export async function stacks(settings: Settings, say: Say, options: { json?: boolean }): Promise<void> {
  const rows = await everyItem<Row>(await openApi(settings), "/tenant/v1/tenants");
  if (options.json)
    return say.line(
      JSON.stringify(rows.map(({ slug, id, status, url }) => ({ slug, stack: id, status, url }))),
    );
  if (rows.length === 0) return say.line("There are no tenants yet.");
  const width = Math.max(...rows.map((row) => row.slug.length));
  for (const row of rows)
    say.line(`${row.slug.padEnd(width)}  ${row.id}  ${row.status.padEnd(8)}  ${row.url}`);
}
