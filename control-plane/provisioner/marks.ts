import { and, eq, isNotNull, ne } from "drizzle-orm";
import pg from "pg";
import { z } from "zod";
import { names } from "../../stacks/tenant/names.ts";
import { withClient } from "../database.ts";
import { instances, stacks } from "../instance/schema.ts";
import { slugProblem } from "../tenant/slug.ts";
import type { Deps } from "./deps.ts";

/**
 * What a tenant's database says of itself, as its comment, from the moment that people could log in. The record may be
 * restored to a time before that: then this tells a customer's data from what a broken create left behind.
 */
const comment = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("is no JSON");
      return z.NEVER;
    }
  })
  .pipe(z.object({ berth: z.object({ slug: z.unknown().optional(), readyAt: z.iso.datetime() }) }));

export interface Mark {
  /** Null where it names none that could be a tenant's. */
  slug: string | null;
  /** Since when people can log in; ISO 8601. */
  readyAt: string;
}

/** A tenant owns its database and can write the comment, which an operator's terminal shows: only a slug counts as one. */
export function parseMark(text: string): Mark | undefined {
  const berth = comment.safeParse(text).data?.berth;
  if (!berth) return undefined;
  const { slug, readyAt } = berth;
  return { slug: typeof slug === "string" && slugProblem(slug) === undefined ? slug : null, readyAt };
}

/** The marks of all databases of a server, by their names. */
export async function readMarks(client: pg.Client): Promise<Map<string, Mark>> {
  const { rows } = await client.query<{ name: string; text: string }>(
    `select d.datname as name, c.description as text from pg_database d
     join pg_shdescription c on c.objoid = d.oid and c.classoid = 'pg_database'::regclass
     where c.description like '{"berth":%'`,
  );
  const parsed = rows.map(({ name, text }) => [name, parseMark(text)] as const);
  return new Map(parsed.filter((pair): pair is [string, Mark] => pair[1] !== undefined));
}

/**
 * Writes the mark of every database whose instance was once ready, where it is missing: of the one that has just become
 * so, or of all, when the provisioner starts.
 */
export async function markDatabases(
  { ctx, tenantsServer, settings }: Pick<Deps, "ctx" | "tenantsServer" | "settings">,
  tenantId?: string,
): Promise<void> {
  const wanted = await ctx.db
    .select({
      tenantId: stacks.tenantId,
      slug: stacks.slug,
      name: instances.name,
      readyAt: instances.readyAt,
    })
    .from(instances)
    .innerJoin(stacks, eq(stacks.tenantId, instances.tenantId))
    .where(
      and(
        isNotNull(instances.readyAt),
        ne(stacks.status, "gone"),
        tenantId ? eq(stacks.tenantId, tenantId) : undefined,
      ),
    );
  if (wanted.length === 0) return;
  await withClient(tenantsServer, "berth provisioner", async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select datname as name from pg_database
       where starts_with(datname, 'ten_') and shobj_description(oid, 'pg_database') is null`,
    );
    const bare = new Set(rows.map(({ name }) => name));
    for (const { tenantId: id, slug, name, readyAt } of wanted) {
      const { database } = names(id, name, settings.env);
      if (!bare.has(database) || slug === null || readyAt === null) continue;
      const text = JSON.stringify({ berth: { slug, readyAt: readyAt.toISOString() } satisfies Mark });
      await client.query(`comment on database ${pg.escapeIdentifier(database)} is ${pg.escapeLiteral(text)}`);
    }
  });
}
