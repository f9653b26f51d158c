import type { ServiceName } from "./service-names.ts";

/**
 * Numbers of the users that services run as, each with a group of the same number: none reads another's files or memory.
 * Nobody logs in as them, and no machine need know them. Images are built with the same ones.
 */
export const serviceUsers: Record<ServiceName | "together", number> = {
  /** All three in one process. What each may read is this one's group's as well. */
  together: 52_800,
  user: 52_801,
  tenant: 52_802,
  instance: 52_803,
};
