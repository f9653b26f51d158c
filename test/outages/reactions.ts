import type { ServiceName } from "../../control-plane/service-names.ts";
import type { Outcome } from "./client.ts";
import type { PartName } from "./parts.ts";

/** What came of a request: it was done or accepted, refused with 503, or nobody answered. */
export type Reaction = "taken" | "refused" | "unanswered";

export function reactionOf({ status }: Outcome): Reaction {
  if (status === undefined) return "unanswered";
  return status < 300 ? "taken" : "refused";
}

/** What a service does with a request that it is sent while a part is away. */
export function expectedOf(part: PartName, service: ServiceName): Reaction {
  if (part === service) return "unanswered";
  // Who calls is asked of the user service for every request, and everything of the record.
  if (part === "user" || part === "postgres") return "refused";
  return "taken";
}
