import { z } from "@hono/zod-openapi";
import { email, name, password } from "../account/account-input.ts";

export const newStaffAccount = z
  .strictObject({
    code: z
      .string()
      .regex(/^[\w-]{1,100}$/, "is not a code of ours")
      .meta({ description: "What follows the # in the link of set-up." }),
    name: name.meta({ example: "Ada Lovelace" }),
    email,
    password,
  })
  .openapi("NewStaffAccount");
export type NewStaffAccount = z.infer<typeof newStaffAccount>;
