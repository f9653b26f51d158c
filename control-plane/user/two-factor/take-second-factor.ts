import { createOTP } from "@better-auth/utils/otp";
import { symmetricDecrypt, symmetricEncrypt } from "better-auth/crypto";
import { eq } from "drizzle-orm";
import type { Queries } from "../../database.ts";
import { BerthError } from "../../errors.ts";
import type { UserContext } from "../context.ts";
import { twoFactors } from "../schema.ts";

/** What proves the second factor: an authenticator's code, or one of those that were written down. */
export type SecondFactor = { code: string } | { backupCode: string };
type Row = typeof twoFactors.$inferSelect;
type Key = Parameters<typeof symmetricDecrypt>[0]["key"];

/** Seconds that an authenticator shows a code, and how many steps its clock may be off either way. */
const period = 30;
const stepsOff = 1;

/**
 * Looks at a code and uses it up: none works twice, which better-auth does not see to. Throws `wrong_code`; count it
 * (`guardSecondFactor`).
 */
export async function takeSecondFactor(
  { identity }: Pick<UserContext, "identity">,
  tx: Queries,
  userId: string,
  factor: SecondFactor,
): Promise<void> {
  const [row] = await tx.select().from(twoFactors).where(eq(twoFactors.userId, userId)).for("update");
  if (!row) throw new Error("An account with two factors has no second one.");
  const { secretConfig } = await identity.$context;
  const taken =
    "code" in factor
      ? await takeCode(row, secretConfig, factor.code)
      : await takeBackupCode(row, secretConfig, factor.backupCode);
  if (!taken) throw wrongCode();
  await tx.update(twoFactors).set(taken).where(eq(twoFactors.id, row.id));
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
