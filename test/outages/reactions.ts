import type { ServiceName } from "../../control-plane/service-names.ts";
import { type Reaction, reactionOf } from "./client.ts";
import type { Ledger } from "./ledger.ts";
import type { PartName } from "./parts.ts";

/** What a service does with a request that it is sent while a part is away. */
function expectedOf(part: PartName, service: ServiceName): Reaction {
  if (part === service) return "unanswered";
  // Who calls is asked of the user service for every request, and everything of the record.
  if (part === "user" || part === "postgres") return "refused";
  return "taken";
}

/** What was not answered as the operator's guide says, in words. */
export function unexpected(part: PartName, { outcomes }: Ledger): string[] {
  return outcomes.flatMap((outcome) => {
    const { method, path, service } = outcome.wanted;
    const expected = expectedOf(part, service);
    const reaction = reactionOf(outcome);
    return reaction === expected ? [] : [`${method} ${path} was ${reaction}, not ${expected}`];
  });
}
