import type { Queries } from "../database.ts";
import type { InstanceClient } from "../instance/client.ts";
import { withOwnIds } from "../observability/ids.ts";
import type { Logger } from "../observability/log.ts";
import type { Signals } from "../signals.ts";
import { claimOutbox, nextDue, type OutboxEntry, reclaimOutbox } from "./claim-outbox.ts";
import { deliverOutbox } from "./deliver-outbox.ts";

/** Fired when there may be something to deliver. */
export const outboxSignal = "outbox";

const atOnce = 8;
/** Milliseconds between two looks when nothing is known to be due, in case a notification was lost. */
const idleMs = 5_000;
const pauseAfterErrorMs = 500;

/** Delivers what the outbox holds, at once and until it is taken, until stopped. */
export function startOutbox(deps: {
  db: Queries;
  instance: Pick<InstanceClient, "putStack">;
  signals: Signals;
  log: Logger;
}): { stop(): Promise<void> } {
  const { db, signals, log } = deps;
  const stop = new AbortController();
  const subscription = signals.subscribe(outboxSignal);
  const inFlight = new Set<Promise<void>>();
  /** Delivered or not: the database went away before it could be noted. */
  const unsettled = new Set<number>();

  const send = async (entry: OutboxEntry) => {
    const attempt = entry.attempts;
    try {
      const error = await deliverOutbox(deps, entry);
      if (error) log.warn({ err: error, attempt }, "not delivered yet");
      else log.info({ attempt }, "the instance service has been told");
    } catch (error) {
      unsettled.add(entry.id);
      log.warn({ err: error, attempt }, "a delivery could not be noted; it is made again");
    }
  };
  const deliver = (entry: OutboxEntry) => {
    const { requestId, tenantId: tenant } = entry;
    const delivery = withOwnIds({ requestId, operationId: entry.request.operation, tenant }, () =>
      send(entry),
    ).finally(() => {
      inFlight.delete(delivery);
      signals.fire(outboxSignal);
    });
    inFlight.add(delivery);
  };

  const pass = async (): Promise<number> => {
    if (unsettled.size > 0) await reclaimOutbox(db, [...unsettled]);
    unsettled.clear();
    const free = atOnce - inFlight.size;
    const entries = free > 0 ? await claimOutbox(db, free) : [];
    for (const entry of entries) deliver(entry);
    if (entries.length > 0) return 0;
    return inFlight.size > 0 ? idleMs : Math.min((await nextDue(db)) ?? idleMs, idleMs);
  };

  const run = async () => {
    let first = true;
    while (!stop.signal.aborted) {
      let pause = pauseAfterErrorMs;
      try {
        if (first) await reclaimOutbox(db);
        first = false;
        pause = await pass();
      } catch (error) {
        log.warn({ err: error }, "the outbox cannot be read; trying again");
      }
      if (pause > 0) await subscription.next(pause, stop.signal);
    }
  };
  const running = run();
  return {
    async stop() {
      stop.abort();
      await running;
      subscription.close();
      await Promise.all(inFlight);
    },
  };
}
