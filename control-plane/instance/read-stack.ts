import { eq } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { notFound } from "../errors.ts";
import type { InstanceContext } from "./context.ts";
import { instances, stacks } from "./schema.ts";
import type { StackSecrets } from "./spec.ts";

export type StackRow = typeof stacks.$inferSelect;
type InstanceRow = typeof instances.$inferSelect;

/** Everything a worker needs to make a stack's config. Holds secrets: not for a log, not for an answer. */
export interface StackRecord extends Omit<StackRow, "secrets"> {
  /** Null while in the reserve and after the end. */
  secrets: StackSecrets | null;
  instances: InstanceRow[];
}

/** A stack with its instances and its secrets opened. Throws `not_found`. */
export async function readStack(
  ctx: Pick<InstanceContext, "db" | "box">,
  tenantId: string,
): Promise<StackRecord> {
  const stack = await findStack(ctx.db, tenantId);
  return {
    ...stack,
    secrets: stack.secrets === null ? null : ctx.box.open(tenantId, stack.secrets),
    instances: await ctx.db
      .select()
      .from(instances)
      .where(eq(instances.tenantId, tenantId))
      .orderBy(instances.name),
  };
}

/** The row of a stack. Throws `not_found`. */
export async function findStack(db: Queries, tenantId: string): Promise<StackRow> {
  const [stack] = await db.select().from(stacks).where(eq(stacks.tenantId, tenantId));
  if (!stack) throw notFound(`stack ${tenantId}`);
  return stack;
}

/** The same row, locked: nobody else accepts or ends an operation of this tenant before the transaction ends. */
export async function lockStack(tx: Queries, tenantId: string): Promise<StackRow> {
  const [stack] = await tx.select().from(stacks).where(eq(stacks.tenantId, tenantId)).for("no key update");
  if (!stack) throw notFound(`stack ${tenantId}`);
  return stack;
}
