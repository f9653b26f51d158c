import { NotAvailable } from "../errors.ts";

/** What one run has found out about which servers can be reached, so that each is waited for once. */
export interface Reach {
  /** Throws {@link NotAvailable} when the server of this address does not answer. */
  server(url: string): Promise<void>;
  /** Pulls by `pull`; once the registry was out of reach, later pulls fail at once. */
  registry(pull: () => Promise<void>): Promise<void>;
}

export function createReach(answerWithinMs: number): Reach {
  const servers = new Map<string, Promise<string | undefined>>();
  let registryOut: string | undefined;
  return {
    async server(url) {
      const { origin } = new URL(url);
      const known = servers.get(origin) ?? probe(origin, answerWithinMs);
      servers.set(origin, known);
      const out = await known;
      if (out !== undefined) throw new NotAvailable(out);
    },
    async registry(pull) {
      if (registryOut !== undefined) throw new NotAvailable(registryOut);
      try {
        await pull();
      } catch (error) {
        if (error instanceof RegistryOut) registryOut = "the registry is out of reach, as this run has seen";
        throw error;
      }
    },
  };
}

/** The registry as a whole is out of reach, not just one image missing in it. */
export class RegistryOut extends NotAvailable {
  override name = "RegistryOut";
}

/** Any answer will do, also a refusal: the question is whether there is a way to the server. */
async function probe(origin: string, answerWithinMs: number): Promise<string | undefined> {
  try {
    const answer = await fetch(origin, {
      method: "HEAD",
      redirect: "manual",
      signal: AbortSignal.timeout(answerWithinMs),
    });
    await answer.body?.cancel();
    return undefined;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return `${origin} cannot be reached (${cause instanceof Error ? cause.message : cause})`;
  }
}
