import type { ServiceApp } from "./http/service.ts";

/** One service with its own database, whether it has a process of its own or not. */
export interface RunningService {
  app: ServiceApp;
  /** Starts what works in the background. A database that is away is waited for. */
  start(): void;
  /** Ends what would keep who asks waiting for a long time. */
  leave?(): void;
  /** Ends the background work and closes every connection. */
  stop(): Promise<void>;
}

/** Work in the background that goes on until it is stopped. */
export interface Background {
  stop(): Promise<void>;
}

/** Lets a service's background work begin, and end before its connections do. */
export function lifeOf(
  begin: () => Background[],
  close: () => Promise<unknown>,
): Pick<RunningService, "start" | "stop"> {
  const background: Background[] = [];
  return {
    start() {
      background.push(...begin());
    },
    async stop() {
      await Promise.all(background.splice(0).map((part) => part.stop()));
      await close();
    },
  };
}
