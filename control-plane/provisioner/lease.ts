import { isBerthError } from "../errors.ts";
import type { InstanceContext } from "../instance/context.ts";
import type { Fence } from "../instance/lease.ts";
import { renewLease } from "../instance/renew-lease.ts";
import type { Logger } from "../observability/log.ts";

/** Milliseconds a lease lasts without being renewed, and how often it is. */
export const leaseMs = 10_000;
const renewEveryMs = 2_500;

/** The hold on one tenant while its operation runs. */
export interface Lease {
  fence: Fence;
  /** Aborted when the tenant is another's, or may be: nothing may be done or written any more. */
  lost: AbortController;
  /** Aborted when somebody asked for the operation to be cancelled. */
  cancelled: AbortController;
  /** Looks now whether a cancellation was asked for. */
  look(): void;
  /** Ends the renewing. */
  close(): void;
}

/** Renews a claim's lease until it is closed or lost. */
export function keepLease(ctx: InstanceContext, fence: Fence, cancelRequested: boolean, log: Logger): Lease {
  const lost = new AbortController();
  const cancelled = new AbortController();
  if (cancelRequested) cancelled.abort();
  let renewed = performance.now();
  let busy = false;

  const renew = async () => {
    if (busy) return;
    busy = true;
    try {
      const asked = performance.now();
      const answer = await renewLease(ctx, { fence, leaseMs });
      renewed = asked;
      if (answer.cancelRequested) cancelled.abort();
    } catch (error) {
      if (isBerthError(error, "lease_lost")) lost.abort(error);
      else log.warn({ err: error }, "the lease could not be renewed; trying again");
    } finally {
      busy = false;
    }
  };

  const timer = setInterval(() => {
    // Unrenewed for that long, another may hold it by now: what we would do or write is no longer ours to do.
    if (performance.now() - renewed > leaseMs)
      lost.abort(new Error("The lease ran out while PostgreSQL was away."));
    if (lost.signal.aborted) clearInterval(timer);
    else void renew();
  }, renewEveryMs);

  return {
    fence,
    lost,
    cancelled,
    look: () => void renew(),
    close: () => clearInterval(timer),
  };
}
