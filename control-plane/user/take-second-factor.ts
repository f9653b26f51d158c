import { createOTP } from "@better-auth/utils/otp";
import { symmetricDecrypt, symmetricEncrypt } from "better-auth/crypto";
import { eq } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { BerthError } from "../errors.ts";
import type { UserContext } from "./context.ts";
import { twoFactors } from "./schema.ts";

/** What proves the second factor: an authenticator's code, or one of those that were written down. */
export type SecondFactor = { code: string } | { backupCode: string };
type Row = typeof twoFactors.$inferSelect;
type Key = Parameters<typeof symmetricDecrypt>[0]["key"];

/** Seconds that an authenticator shows a code, and how many steps its clock may be off either way. */
const period = 30;
const stepsOff = 1;
/** Wrong codes in a row after which none is looked at for a while. Only who knows the password gets as far as that. */
const most = 10;
const lockMs = 15 * 60_000;

/**
 * Looks at a code and uses it up: none works twice. It counts those that are wrong, so the refusal is given back and not
 * thrown, and the transaction is to be committed all the same (`inTransactionThatStays`).
 */
export async function takeSecondFactor(
  { identity }: Pick<UserContext, "identity">,
  tx: Queries,
  userId: string,
  factor: SecondFactor,
): Promise<BerthError | undefined> {
  const [row] = await tx.select().from(twoFactors).where(eq(twoFactors.userId, userId)).for("update");
  if (!row) throw new Error("An account with two factors has no second one.");
  const now = Date.now();
  const lockedMs = (row.lockedUntil?.getTime() ?? 0) - now;
  if (lockedMs > 0) return tooManyTries(lockedMs);
  const { secretConfig } = await identity.$context;
  const taken =
    "code" in factor
      ? await takeCode(row, secretConfig, factor.code)
      : await takeBackupCode(row, secretConfig, factor.backupCode);
  const failed = taken ? 0 : (row.lockedUntil ? 0 : row.failedVerificationCount) + 1;
  await tx
    .update(twoFactors)
    .set({
      ...taken,
      failedVerificationCount: failed,
      lockedUntil: failed < most ? null : new Date(now + lockMs),
    })
    .where(eq(twoFactors.id, row.id));
  return taken ? undefined : wrongCode();
}

/** What the row becomes when the code is right and later than the last one that was used. */
async function takeCode(row: Row, key: Key, code: string): Promise<Partial<Row> | undefined> {
  const otp = createOTP(await symmetricDecrypt({ key, data: row.secret }), { period });
  const present = Math.floor(Date.now() / (period * 1_000));
  for (let step = present - stepsOff; step <= present + stepsOff; step++) {
    if (step > row.usedStep && (await otp.hotp(step)) === code) return { usedStep: step };
  }
  return undefined;
}

async function takeBackupCode(row: Row, key: Key, code: string): Promise<Partial<Row> | undefined> {
  const codes: string[] = JSON.parse(await symmetricDecrypt({ key, data: row.backupCodes }));
  if (!codes.includes(code)) return undefined;
  const data = JSON.stringify(codes.filter((one) => one !== code));
  return { backupCodes: await symmetricEncrypt({ key, data }) };
}

function wrongCode(): BerthError {
  return new BerthError(
    "wrong_code",
    "This code is not right, or was used already. Wait for the authenticator's next one, and see that its clock is right.",
  );
}

function tooManyTries(ms: number): BerthError {
  const minutes = Math.ceil(ms / 60_000);
  return new BerthError(
    "too_many_requests",
    `There were ${most} wrong codes in a row. Try again in ${minutes} ${minutes === 1 ? "minute" : "minutes"}. If it was not you who tried, set a new password.`,
    { headers: { "Retry-After": `${Math.ceil(ms / 1_000)}` } },
  );
}
