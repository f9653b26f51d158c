import { eq } from "drizzle-orm";
import { writeAudit } from "../../audit/write.ts";
import type { Queries } from "../../database.ts";
import type { UserContext } from "../context.ts";
import { joinedBy } from "../in-transaction.ts";
import { refused } from "../refusal.ts";
import { apiKeys } from "../schema.ts";
import type { NewStaffKey } from "./key-input.ts";
import { type KeyView, readKey } from "./read-keys.ts";

export interface MadeKey {
  view: KeyView;
  /** Shown once; only its hash is kept. */
  key: string;
}

const daySeconds = 86_400;

/** Makes a key in the transaction, with what it is for and the audit row. Who may is looked at before. */
export async function makeKey(
  { identity, caller }: UserContext,
  tx: Queries,
  input: NewStaffKey & { user: string; organization: string | null; tenant: string | null },
): Promise<MadeKey> {
  const { user, organization, tenant, name, scope, expiresInDays } = input;
  // better-auth knows nothing of the scope: until the commit nobody sees the key without it.
  const made = await joinedBy(tx, () =>
    refused(
      { db: tx },
      identity.api.createApiKey({ body: { userId: user, name, expiresIn: expiresInDays * daySeconds } }),
    ),
  );
  await tx
    .update(apiKeys)
    .set({ organizationId: organization, tenantId: tenant, scope })
    .where(eq(apiKeys.id, made.id));
  const view = await readKey(tx, made.id);
  if (!view) throw new Error("The new key's row did not come back.");
  await writeAudit(tx, caller, {
    action: "key.create",
    target: made.id,
    tenantId: tenant,
    organizationId: organization,
    after: { organization, tenant, name, scope, expiresAt: view.expiresAt },
  });
  return { view, key: made.key };
}
