import { z } from "@hono/zod-openapi";
import { givenPassword } from "../account/account-input.ts";
import { challengeForm } from "../session/challenge.ts";

const code = z
  .string()
  .regex(/^\d{6}$/, "must be the six digits that the authenticator shows")
  .meta({ example: "123456" });
const backupCode = z
  .string()
  .regex(/^[A-Za-z0-9]{5}-[A-Za-z0-9]{5}$/, "is not a backup code of ours")
  .meta({ example: "a1B2c-D3e4F" });
const challenge = z
  .string()
  .regex(challengeForm, "is not a challenge of ours")
  .meta({ description: "From the answer to the password." });

export const codeOnly = z.strictObject({ code }).openapi("Code");
export const passwordAndCode = z.strictObject({ password: givenPassword, code }).openapi("PasswordAndCode");
export const passwordAndFactor = z
  .union([
    z.strictObject({ password: givenPassword, code }),
    z.strictObject({ password: givenPassword, backupCode }),
  ])
  .openapi("PasswordAndFactor");
export const answerToChallenge = z
  .union([z.strictObject({ challenge, code }), z.strictObject({ challenge, backupCode })])
  .openapi("AnswerToChallenge");
