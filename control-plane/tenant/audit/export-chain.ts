import type { AuditHead } from "../../audit/entry.ts";
import type { AuditSources } from "../../audit/source.ts";
import type { ServiceName } from "../../service-names.ts";

/** What vouches for a chain as it is now. Throws `service_unavailable` when a service is away. */
export async function readHead(sources: AuditSources, chain: string, now: Date): Promise<AuditHead> {
  const [user, tenant, instance] = await Promise.all([
    sources.user.end(chain),
    sources.tenant.end(chain),
    sources.instance.end(chain),
  ]);
  return {
    v: 1,
    chain,
    at: now.toISOString(),
    heads: { ...(user && { user }), ...(tenant && { tenant }), ...(instance && { instance }) },
  };
}

/** All lines of a chain up to a head, service by service, each in the order of its chain. Throws when one is missing. */
export async function* exportChain(sources: AuditSources, head: AuditHead): AsyncGenerator<string> {
  for (const [part, end] of Object.entries(head.heads) as Array<[ServiceName, { position: number }]>) {
    let position = 0;
    while (position < end.position) {
      const lines = await sources[part].lines(head.chain, position);
      if (lines.length === 0)
        throw new Error(`Entry ${position + 1} of chain ${head.chain} is missing in the ${part} service.`);
      const wanted = lines.slice(0, end.position - position);
      yield* wanted;
      position += wanted.length;
    }
  }
}
