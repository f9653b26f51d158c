import { and, inArray, isNotNull } from "drizzle-orm";
import { names } from "../../stacks/tenant/names.ts";
import { withClient } from "../database.ts";
import type { StackRecord } from "../instance/read-stack.ts";
import { stacks } from "../instance/schema.ts";
import type { Deps, Outcome } from "./deps.ts";
import { readMarks } from "./marks.ts";

/**
 * Refuses work that would take away, or get in the way of, what people work in and the record does not know: it was
 * restored to a time before that. A create would begin by removing it, and end by removing it when it fails.
 * @param options.slug whether another one's under the same slug counts as well
 */
export async function refuseUnrecorded(
  deps: Pick<Deps, "ctx" | "tenantsServer" | "settings">,
  stack: Pick<StackRecord, "tenantId" | "slug" | "readyAt" | "instances">,
  options: { slug: boolean },
): Promise<Outcome> {
  if (stack.readyAt !== null) return { status: "succeeded" };
  const marks = await withClient(deps.tenantsServer, "berth provisioner", readMarks);
  for (const { name } of stack.instances) {
    const { database } = names(stack.tenantId, name, deps.settings.env);
    const mark = marks.get(database);
    if (mark)
      return refused(
        `The database ${database} is one that people work in since ${mark.readyAt.slice(0, 16)}, and the record says that it was never ready: it is older than that. Nothing was touched. Run: bin/berth platform check`,
      );
  }
  const others = [...marks].filter(([, { slug }]) => options.slug && slug === stack.slug);
  const ids = others.map(([database]) => database.replace(/_[^_]*$/, ""));
  const known = ids.length === 0 ? [] : await readyAmong(deps, ids);
  const other = ids.find((id) => !known.includes(id));
  if (other === undefined) return { status: "succeeded" };
  return refused(
    `There is a tenant with the slug "${stack.slug}" already, ${other}, which the record does not know: it is older than that. Nothing was touched. Choose another slug, or run: bin/berth platform check`,
  );
}

async function readyAmong({ ctx }: Pick<Deps, "ctx">, ids: string[]): Promise<string[]> {
  const rows = await ctx.db
    .select({ id: stacks.tenantId })
    .from(stacks)
    .where(and(inArray(stacks.tenantId, ids), isNotNull(stacks.readyAt)));
  return rows.map(({ id }) => id);
}

function refused(message: string): Outcome {
  return { status: "failed", error: { code: "record_behind", message } };
}
