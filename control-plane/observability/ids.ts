import { AsyncLocalStorage } from "node:async_hooks";

/** What a line of the log is about. Spelled like this in every log, and nowhere otherwise. */
export interface Ids {
  /** Of the request that asked for it; the same in every service that one is passed on to. */
  requestId?: string | undefined;
  operationId?: string | undefined;
  /** The tenant's id, `ten_...`. */
  tenant?: string | undefined;
  /** Name of work that nobody asked for: it is done by the clock. */
  job?: string | undefined;
}

export const noIds: Ids = Object.freeze({});
const about = new AsyncLocalStorage<Ids>();

/** Every line that is written while `work` runs, and by what it begins, has these ids beside those around it. */
export function withIds<T>(ids: Ids, work: () => T): T {
  return about.run({ ...about.getStore(), ...ids }, work);
}

/** The same for what has its own object of ids, to which {@link noteIds} adds. */
export function withOwnIds<T>(ids: Ids, work: () => T): T {
  return about.run(ids, work);
}

/** From now on lines of this request, or of this work, have these too: they became known only in it. */
export function noteIds(ids: Ids): void {
  const known = about.getStore();
  if (known) Object.assign(known, ids);
}

/** For what is begun in a request and outlives it, as a connection: what is said of it is not of that request. */
export function withoutIds<T>(work: () => T): T {
  return about.exit(work);
}

export function currentIds(): Ids {
  return about.getStore() ?? noIds;
}

/** What a call to another service is given along: its lines then have the same request's id. */
export function passedOn(): { "x-request-id"?: string } {
  const { requestId } = currentIds();
  return requestId === undefined ? {} : { "x-request-id": requestId };
}
