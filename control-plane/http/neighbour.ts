import { BerthError } from "../errors.ts";
import type { Found, Neighbour } from "./look.ts";

/** Milliseconds until it has answered: more than it waits itself for what it looks at. */
const timeoutMs = 3_000;

/** @param options.fetch goes over the network, or straight into the app when both run in one process */
export function createNeighbour(options: { name: string; baseUrl: string; fetch: typeof fetch }): Neighbour {
  const { name, baseUrl } = options;
  return async () => {
    try {
      const response = await options.fetch(`${baseUrl}/${name}/health/own`, {
        signal: AbortSignal.timeout(timeoutMs),
      });
      // One that stops or is broken answers, too.
      if (response.status >= 500) throw new Error(`It answered with ${response.status}.`);
      const { checks } = (await response.json()) as { checks?: Found };
      // An older version does not know the path: that it answers is enough.
      return checks ?? {};
    } catch (cause) {
      throw new BerthError("service_unavailable", `The ${name} service does not answer.`, { cause });
    }
  };
}
