import { eq } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import type { UserContext } from "../context.ts";
import { sessions } from "../schema.ts";

/** Characters of a program's name for itself that are kept. */
const userAgentLength = 200;

/** Notes with a new session where it is from, for its owner to tell it from others. */
export async function noteOrigin(
  { caller, userAgent }: Pick<UserContext, "caller" | "userAgent">,
  tx: Queries,
  token: string,
): Promise<void> {
  await tx.update(sessions).set({ ipAddress: caller.origin, userAgent }).where(eq(sessions.token, token));
}

/** Anybody can write anything there. */
export function cleanUserAgent(header: string | undefined): string | null {
  const text = (header ?? "").replaceAll(/[^\x20-\x7e]+/g, " ").trim();
  return text.slice(0, userAgentLength) || null;
}
