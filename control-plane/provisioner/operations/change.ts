import { bringUp } from "../bring-up.ts";
import type { Deps, Outcome, Work } from "../deps.ts";

/** Brings a tenant to its newest spec. When that fails, everything stays as far as it came: nothing is taken back. */
export function change(deps: Deps, work: Work): Promise<Outcome> {
  return bringUp(deps, work, { doing: "changed" });
}
