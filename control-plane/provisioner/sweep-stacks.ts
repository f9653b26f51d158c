import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { inArray } from "drizzle-orm";
import { stacks } from "../instance/schema.ts";
import type { Job } from "../observability/jobs.ts";
import type { Deps } from "./deps.ts";
import { readCheckpoint } from "./state/checkpoint.ts";
import { forgetStack } from "./state/forget-stack.ts";
import { readLocks } from "./state/locks.ts";
import { locksRoot, type StateStore, stacksRoot } from "./state/state-store.ts";
import { removeConfig } from "./up-stack.ts";

type Parts = Pick<Deps, "ctx" | "state" | "host" | "workDir" | "log">;

/** An unlocked stack younger than this may be one that another provisioner has just made and will note at once. */
const youngMs = 60_000;

/**
 * Forgets stacks, locks and config files of stacks that nobody knows: whoever made them ahead died before noting
 * them. They are empty; one that is not is left alone, and so is one whose lock is held by somebody alive.
 */
export async function sweepStacks({ ctx, state, host, workDir, log }: Parts): Promise<void> {
  const written = await lastWritten(state, workDir);
  if (written.size === 0) return;
  for (const { id } of await ctx.db
    .select({ id: stacks.tenantId })
    .from(stacks)
    .where(inArray(stacks.tenantId, [...written.keys()]))) {
    written.delete(id);
  }
  const forgotten: string[] = [];
  for (const [id, at] of written) {
    const locks = await readLocks(state, id, host);
    const abandoned = locks.length > 0 ? locks.every(({ dead }) => dead) : Date.now() - at > youngMs;
    if (!abandoned) continue;
    // What was made ahead is empty. This is a tenant's: the record is older than the state, and must not cost it.
    if ((await readCheckpoint(state, id))?.resources.length) {
      log.error(
        { tenant: id },
        "the state has a tenant that the record does not know; nothing of it is touched",
      );
      continue;
    }
    await forgetStack(state, id);
    await removeConfig([workDir], id);
    forgotten.push(id);
  }
  if (forgotten.length > 0)
    log.warn({ stacks: forgotten }, "forgot stacks that were made ahead and never noted");
}

/** Looks now and then as well: what is too young at one look is not at the next. Gives how to end it. */
export function keepSweeping(parts: Parts & { job: Job }): () => void {
  const failed = (error: unknown) => parts.log.warn({ err: error }, "stacks could not be swept");
  const sweep = () => void parts.job(() => sweepStacks(parts), failed);
  const timer = setInterval(sweep, youngMs);
  return () => clearInterval(timer);
}

/** Stacks of which there is anything, and when it was written last, in milliseconds. */
async function lastWritten(state: StateStore, workDir: string): Promise<Map<string, number>> {
  const rows = [...(await state.list(stacksRoot)), ...(await state.list(locksRoot))];
  const files = (await readdir(workDir)).map(async (name) => {
    // One that is gone meanwhile is nobody's leftover.
    const found = await stat(join(workDir, name)).catch(() => undefined);
    return found ? [{ key: `/${name.replace(/^Pulumi\./, "")}`, updatedAt: found.mtime }] : [];
  });
  const written = new Map<string, number>();
  for (const { key, updatedAt } of [...rows, ...(await Promise.all(files)).flat()]) {
    const id = /\/(ten_[a-z0-9]+)[./]/.exec(key)?.[1];
    if (id) written.set(id, Math.max(written.get(id) ?? 0, updatedAt.getTime()));
  }
  return written;
}
