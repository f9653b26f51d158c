import { mustHaveRole } from "../../access/access.ts";
import { platformChain } from "../../audit/entry.ts";
import type { Caller } from "../../audit/write.ts";
import { invalid, notFound } from "../../errors.ts";

/**
 * The chain that a caller asks for: the organisation that was named, or else the only one they are in. For the staff, who
 * may name `platform` as well, it is all of them (`undefined`) when none is named.
 * Throws `validation_failed`, `not_found` and `forbidden`.
 */
export function chooseChain(caller: Caller, named: string | undefined): string | undefined {
  const { roles, everywhere } = caller.rights;
  if (everywhere !== null) {
    if (named !== undefined && named !== platformChain) mustHaveRole(caller, named);
    return named;
  }
  const [only, ...others] = Object.keys(roles);
  if (named === undefined && (only === undefined || others.length > 0))
    throw invalid(
      "organization",
      only ? "is missing: you are in several. Name one" : "is missing, and you are in none",
    );
  const chain = named ?? only ?? "";
  if (!(chain in roles)) throw notFound(`organisation ${chain}`);
  mustHaveRole(caller, chain);
  return chain;
}

/** The same, for what is made of one chain: the staff must name it. */
export function chooseOneChain(caller: Caller, named: string | undefined): string {
  const chain = chooseChain(caller, named);
  if (chain === undefined)
    throw invalid("organization", `is missing: name one, or "${platformChain}" for what belongs to none`);
  return chain;
}
