import { isDeepStrictEqual } from "node:util";
import { eq } from "drizzle-orm";
import { workerCaller, writeAudit } from "../audit/write.ts";
import type { InstanceContext } from "./context.ts";
import { templates } from "./schema.ts";

export interface TemplateInput {
  /** Name of the template database. */
  name: string;
  odooVersion: string;
  modules: string[];
  languages: string[];
  countries: string[];
  /** Who says so. */
  worker: string;
}

/** Makes a template the one that new tenants are cloned from and checked against. */
export async function putTemplate(
  ctx: Pick<InstanceContext, "db">,
  { worker, ...input }: TemplateInput,
): Promise<void> {
  const row = { ...input, current: true };
  await ctx.db.transaction(async (tx) => {
    const [before] = await tx.select().from(templates).where(eq(templates.current, true)).for("update");
    if (before && isDeepStrictEqual({ ...before, createdAt: null }, { ...row, createdAt: null })) return;
    await tx.update(templates).set({ current: false }).where(eq(templates.current, true));
    await tx.insert(templates).values(row).onConflictDoUpdate({ target: templates.name, set: row });
    await writeAudit(tx, workerCaller(worker), {
      action: "template.put",
      target: input.name,
      before: before ? { name: before.name } : null,
      after: { name: input.name, odooVersion: input.odooVersion },
    });
  });
}
