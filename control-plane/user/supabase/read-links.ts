import { and, asc, eq, like } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { accounts } from "../schema.ts";
import { providerOf } from "./link-supabase.ts";

export interface Link {
  /** `acc_...` */
  id: string;
  issuer: string;
  subject: string;
  linkedAt: Date;
}

/** The Supabase users who open an account, also those of a project that is not accepted any more; oldest first. */
export async function readLinks({ db }: { db: Queries }, userId: string): Promise<Link[]> {
  const prefix = providerOf("");
  const rows = await db
    .select({
      id: accounts.id,
      provider: accounts.providerId,
      subject: accounts.accountId,
      linkedAt: accounts.createdAt,
    })
    .from(accounts)
    .where(and(eq(accounts.userId, userId), like(accounts.providerId, `${prefix}%`)))
    .orderBy(asc(accounts.createdAt), asc(accounts.id));
  return rows.map(({ provider, ...link }) => ({ ...link, issuer: provider.slice(prefix.length) }));
}
