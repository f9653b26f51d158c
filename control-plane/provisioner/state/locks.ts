import { z } from "zod";
import { startedAt } from "../processes/identity.ts";
import { type StateStore, stateKeys } from "./state-store.ts";

const content = z.object({
  pid: z.number(),
  username: z.string(),
  hostname: z.string(),
  timestamp: z.iso.datetime({ offset: true }),
});

export interface StackLock {
  key: string;
  /** As a person names it: `root@host, process 123, since 18:12:44 UTC`. */
  owner: string;
  /** Whether whoever took it is proved to be gone; nothing can be proved of another machine's process. */
  dead: boolean;
}

/** Pulumi's locks on a stack, each with whether its owner still lives. Locks have no lease: SIGKILL leaves one. */
export async function readLocks(store: StateStore, tenantId: string, host: string): Promise<StackLock[]> {
  const rows = await store.read(stateKeys(tenantId).locks);
  return rows.map(({ key, text }) => {
    const lock = content.parse(JSON.parse(text));
    const since = new Date(lock.timestamp);
    return {
      key,
      owner: `${lock.username}@${lock.hostname}, process ${lock.pid}, since ${lock.timestamp.slice(11, 19)} UTC`,
      dead: lock.hostname === host && isDead(lock.pid, since),
    };
  });
}

// A process that began after the lock was taken has only inherited its owner's number.
function isDead(pid: number, since: Date): boolean {
  const started = startedAt(pid);
  return started === undefined || started.getTime() > since.getTime() + 1000;
}
