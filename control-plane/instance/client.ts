import { hc } from "hono/client";
import { auditOf } from "../audit/client.ts";
import type { AuditSource } from "../audit/source.ts";
import { answered } from "../http/answered.ts";
import { passedOn } from "../observability/ids.ts";
import type { FeedEntry } from "./feed.ts";
import type { Catalogue } from "./read-catalogue.ts";
import type { addFeedRoutes } from "./routes/feed.ts";
import type { addStackRoutes } from "./routes/stacks.ts";
import type { StackAnswer, StackRequest } from "./stack-request.ts";

export type { FeedEntry } from "./feed.ts";
export {
  type OperationError,
  type OperationKind,
  type OperationStatus,
  operationError,
  operationKind,
  operationStatus,
} from "./operation-status.ts";
export type { Catalogue } from "./read-catalogue.ts";
export type { StackSpec } from "./spec.ts";
export type { StackRequest } from "./stack-request.ts";
export { type StackStatus, stackStatus } from "./stack-status.ts";

/** What other services may ask the instance service. Refusals come back as the {@link BerthError} they were. */
export interface InstanceClient {
  putStack(tenantId: string, request: StackRequest, requestId: string): Promise<StackAnswer>;
  catalogue(): Promise<Catalogue | null>;
  /** Entries after `after`; waits up to `waitSeconds` for the first one. */
  feed(input: { after: number; waitSeconds: number; signal: AbortSignal }): Promise<FeedEntry[]>;
  /** This service's part of the audit, asked for a request. */
  audit(requestId: string): AuditSource;
}

const self = "the instance service";
/** Milliseconds until it has answered where somebody waits for us, and where nobody does. */
const timeoutMs = 3_000;
const timeoutBehindMs = 10_000;

/** @param options.fetch goes over the network, or straight into the app when both run in one process */
export function createInstanceClient(options: {
  baseUrl: string;
  /** What the caller shows itself by. */
  token: () => Promise<string>;
  /** Called when that is refused. */
  forgetToken?: () => void;
  fetch: typeof fetch;
}): InstanceClient {
  const headers = async () => ({ authorization: `Bearer ${await options.token()}`, ...passedOn() });
  const fetching: typeof fetch = async (...request) => {
    const answer = await options.fetch(...request);
    if (answer.status === 401) options.forgetToken?.();
    return answer;
  };
  const settings = { headers, fetch: fetching };
  const stacks = hc<ReturnType<typeof addStackRoutes>>(options.baseUrl, settings).instance.v1;
  const feeds = hc<ReturnType<typeof addFeedRoutes>>(options.baseUrl, settings).instance.v1;
  const within = (ms: number) => ({ init: { signal: AbortSignal.timeout(ms) } });
  return {
    async putStack(tenantId, request, requestId) {
      const call = stacks.stacks[":tenant"].$put(
        { param: { tenant: tenantId }, json: request },
        { ...within(timeoutBehindMs), headers: { "x-request-id": requestId } },
      );
      return (await answered(self, call)).json();
    },
    async catalogue() {
      const call = stacks.catalogue.$get(undefined, within(timeoutMs));
      const { catalogue } = await (await answered(self, call)).json();
      return catalogue;
    },
    async feed({ after, waitSeconds, signal }) {
      const query = { after: String(after), wait: String(waitSeconds) };
      const late = AbortSignal.timeout(waitSeconds * 1000 + timeoutBehindMs);
      const call = feeds.feed.$get({ query }, { init: { signal: AbortSignal.any([signal, late]) } });
      return (await (await answered(self, call)).json()).items;
    },
    audit: (requestId) =>
      auditOf({
        service: self,
        url: `${options.baseUrl}/instance/v1/audit`,
        headers: async () => ({ ...(await headers()), "x-request-id": requestId }),
        fetch: fetching,
      }),
  };
}
