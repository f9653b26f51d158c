import { and, eq } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { notFound } from "../errors.ts";
import { findTenant } from "./find-tenant.ts";
import { findStack } from "./read-stack.ts";
import { instances } from "./schema.ts";

/** Whether an Odoo answers, as seen now. */
export interface Probe {
  status: "up" | "down";
  /** Milliseconds until it answered; absent when it did not. */
  ms?: number;
  detail: string;
}

/** Asks an Odoo at its address for its login page as a browser at `host` would. */
export type ProbeInstance = (target: { address: string; host: string }) => Promise<Probe>;

/** An instance with its addresses, and its health as it is at this moment. Throws `not_found`. */
export async function readInstance(
  db: Queries,
  probe: ProbeInstance,
  input: { tenant: string; instance: string },
) {
  const tenantId = await findTenant(db, input.tenant);
  const stack = await findStack(db, tenantId);
  const [row] = await db
    .select()
    .from(instances)
    .where(and(eq(instances.tenantId, tenantId), eq(instances.name, input.instance)));
  if (!row) throw notFound(`instance "${input.instance}" of tenant "${input.tenant}"`);
  const host = row.hosts[0] ?? "";
  const health: Probe =
    row.address === null
      ? { status: "down", detail: "It has no address yet: it was not created so far." }
      : await probe({ address: row.address, host });
  return {
    tenant: tenantId,
    name: row.name,
    status: stack.status,
    url: stack.spec?.instances[row.name]?.baseUrl ?? null,
    hosts: row.hosts,
    address: row.address,
    template: row.template,
    readyAt: row.readyAt?.toISOString() ?? null,
    health,
  };
}
