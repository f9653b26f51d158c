import { and, eq, sql } from "drizzle-orm";
import type { InstanceContext } from "./context.ts";
import { type Fence, holdLease } from "./lease.ts";
import { instances } from "./schema.ts";

/** Keeps the name of the template an instance is cloned from. The first one stays; it is returned. */
export async function keepTemplate(
  ctx: InstanceContext,
  input: { fence: Fence; instance: string; template: string },
): Promise<string> {
  const { fence, instance, template } = input;
  return ctx.db.transaction(async (tx) => {
    await holdLease(tx, fence);
    const [row] = await tx
      .update(instances)
      .set({ template: sql`coalesce(${instances.template}, ${template})` })
      .where(and(eq(instances.tenantId, fence.tenantId), eq(instances.name, instance)))
      .returning({ template: instances.template });
    if (!row?.template) throw new Error(`${fence.tenantId} has no instance "${instance}".`);
    return row.template;
  });
}
