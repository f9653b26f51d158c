import type { z } from "zod";
import { answered } from "../http/answered.ts";
import { type AuditSource, chainEndAnswer, entriesAnswer, linesAnswer } from "./source.ts";

const timeoutMs = 10_000;

/**
 * Another service's part of the audit, over HTTP. Throws `service_unavailable` when it does not answer.
 * @param options.url `http://127.0.0.1:8001/user/v1/audit`
 * @param options.service as a sentence names it: "the user service"
 */
export function auditOf(options: {
  service: string;
  url: string;
  headers: () => Promise<Record<string, string>>;
  fetch: typeof fetch;
}): AuditSource {
  const { service, url } = options;
  const ask = async <T extends z.ZodType>(path: string, query: Record<string, unknown>, shape: T) => {
    const wanted = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) wanted.set(name, String(value));
    }
    const response = await answered(
      service,
      options.fetch(`${url}${path}?${wanted}`, {
        headers: await options.headers(),
        signal: AbortSignal.timeout(timeoutMs),
      }),
    );
    return shape.parse(await response.json()) as z.infer<T>;
  };
  const chainPath = (chain: string) => `/chains/${encodeURIComponent(chain)}`;
  return {
    async entries({ tenants, ...query }) {
      return (await ask("/entries", { ...query, tenants: tenants?.join(",") }, entriesAnswer)).items;
    },
    async end(chain) {
      return (await ask(chainPath(chain), {}, chainEndAnswer)).end;
    },
    async lines(chain, after) {
      return (await ask(`${chainPath(chain)}/lines`, { after }, linesAnswer)).items;
    },
  };
}
