import type { Caller } from "../audit/write.ts";
import type { Logger } from "../observability/log.ts";
import type { Authenticate } from "./authenticate.ts";
import type { Limiter } from "./limit.ts";

/** What the middleware puts beside a request. */
export interface HttpEnv {
  Bindings: {
    /** Node's request, when it came over the network. */
    incoming?: { socket?: { remoteAddress?: string } };
  };
  Variables: {
    requestId: string;
    /** Address the request came from; null for what came over no network. */
    origin: string | null;
    authenticate: Authenticate;
    limiter: Limiter;
    /** Set by every route's guard. */
    caller: Caller;
    log: Logger;
  };
}
