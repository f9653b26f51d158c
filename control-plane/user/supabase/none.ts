import { BerthError } from "../../errors.ts";

/** Throws what is said where no Supabase project is accepted. */
export function noSupabase(): never {
  throw new BerthError("conflict", "This Berth accepts no Supabase project.");
}
