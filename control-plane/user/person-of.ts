import type { Caller } from "../audit/write.ts";

/** The account of whoever calls, where the route lets people in only. */
export function personOf({ user, access }: Caller): string {
  if (user === null) throw new Error(`Nobody's account is known where ${access.who} is asked for.`);
  return user;
}
