import type { World } from "../e2e/world.ts";
import type { Send } from "./client.ts";
import type { ContainerEvents } from "./container-events.ts";
import type { Ledger } from "./ledger.ts";
import type { PartName, Parts, Way } from "./parts.ts";

export interface Scene {
  world: World;
  parts: Parts;
  send: Send;
  containers: ContainerEvents;
  /** A tenant that is there all the time. */
  keeper: { id: string; slug: string };
  /** Slug of a tenant that is there, and is deleted in the next outage. */
  spare: string;
}

export interface Outage {
  part: PartName;
  way: Way;
}

export interface Verdict {
  outage: Outage;
  /** What the others' /health said. */
  said: string;
  /** What clients sent from the moment on in which it began, and what came of it. */
  meanwhile: Ledger;
  /** Seconds from the return until all that was accepted was there. */
  caughtUp: number;
  lost: string[];
  twice: string[];
  /** What else is not as it should be. */
  flaws: string[];
}
