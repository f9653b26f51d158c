import type { Caller } from "../audit/write.ts";
import type { Logger } from "../observability/log.ts";

/** What the middleware puts beside a request. */
export interface HttpEnv {
  Bindings: {
    /** Node's request, when it came over the network. */
    incoming?: { socket?: { remoteAddress?: string } };
  };
  Variables: {
    requestId: string;
    caller: Caller;
    log: Logger;
  };
}
