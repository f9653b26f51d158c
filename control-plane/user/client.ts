import { hc } from "hono/client";
import type { JSONWebKeySet } from "jose";
import type { Principal } from "../access/principal.ts";
import { auditOf } from "../audit/client.ts";
import type { AuditSource } from "../audit/source.ts";
import { BerthError } from "../errors.ts";
import { answered } from "../http/answered.ts";
import { passedOn } from "../observability/ids.ts";
import type { addServiceRoutes } from "./routes/services.ts";

/** What other services may ask the user service. Throws `service_unavailable` when it does not answer. */
export interface UserClient {
  /** Whose a token is at this moment. */
  identify(token: string, requestId: string): Promise<Principal | undefined>;
  /** What this service shows to another one, or to the user service itself. */
  serviceToken(audience: "user" | "tenant" | "instance"): Promise<string>;
  /** Has another one made: the last one was refused. */
  forgetToken(audience: "user" | "tenant" | "instance"): void;
  keys(): Promise<JSONWebKeySet>;
  /** Whether there is such an organisation. */
  hasOrganization(id: string): Promise<boolean>;
  /** Deletes one with its members, invitations and keys, for `actor`. Throws `not_found`. */
  deleteOrganization(id: string, actor: string, requestId: string): Promise<void>;
  /** This service's part of the audit, asked for a request. */
  audit(requestId: string): AuditSource;
}

const self = "the user service";
/** Milliseconds until it has answered: whoever calls us waits for as long. */
const timeoutMs = 3_000;
/** Milliseconds that a token is used; it is good for ten minutes. */
const usedMs = 8 * 60_000;

/**
 * @param options.service who asks
 * @param options.secret proves it
 * @param options.fetch goes over the network, or straight into the app when both run in one process
 */
export function createUserClient(options: {
  baseUrl: string;
  service: string;
  secret: Buffer;
  fetch: typeof fetch;
}): UserClient {
  const fetching: typeof fetch = async (...request) => {
    const answer = await options.fetch(...request);
    if (answer.status === 401) forgetToken("user");
    return answer;
  };
  const api = hc<ReturnType<typeof addServiceRoutes>>(options.baseUrl, { fetch: fetching }).user.v1;
  const init = () => ({ init: { signal: AbortSignal.timeout(timeoutMs) } });
  const tokens = new Map<string, { token: Promise<string>; until: number }>();

  const forgetToken: UserClient["forgetToken"] = (audience) => void tokens.delete(audience);
  const serviceToken: UserClient["serviceToken"] = (audience) => {
    const known = tokens.get(audience);
    if (known && known.until > performance.now()) return known.token;
    const { service } = options;
    const secret = options.secret.toString("base64url");
    const token = answered(
      self,
      api["service-tokens"].$post({ json: { service, audience, secret } }, init()),
    ).then(async (response) => (await response.json()).token);
    tokens.set(audience, { token, until: performance.now() + usedMs });
    token.catch(() => tokens.delete(audience));
    return token;
  };
  const asService = async (requestId?: string) => ({
    ...init(),
    headers: {
      authorization: `Bearer ${await serviceToken("user")}`,
      ...(requestId ? { "x-request-id": requestId } : passedOn()),
    },
  });

  return {
    serviceToken,
    forgetToken,
    async identify(token, requestId) {
      const call = api.introspections.$post({ json: { token } }, await asService(requestId));
      const { principal, why } = await (await answered(self, call)).json();
      if (principal === null && why !== undefined)
        throw new BerthError("unauthorized", why, {
          headers: { "WWW-Authenticate": 'Bearer realm="berth"' },
        });
      return principal ?? undefined;
    },
    async keys() {
      return (await answered(self, api.jwks.$get(undefined, init()))).json() as Promise<JSONWebKeySet>;
    },
    async hasOrganization(id) {
      const call = api["known-organizations"][":id"].$get({ param: { id } }, await asService());
      return (await (await answered(self, call)).json()).isKnown;
    },
    async deleteOrganization(id, actor, requestId) {
      const call = api.organizations[":id"].$delete(
        { param: { id }, query: { actor } },
        await asService(requestId),
      );
      await answered(self, call);
    },
    audit: (requestId) =>
      auditOf({
        service: self,
        url: `${options.baseUrl}/user/v1/audit`,
        headers: async () => (await asService(requestId)).headers,
        fetch: fetching,
      }),
  };
}
