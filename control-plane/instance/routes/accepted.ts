import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Queries } from "../../database.ts";
import type { HttpEnv } from "../../http/context.ts";
import { once } from "../../http/idempotency.ts";
import type { CallerContext } from "../context.ts";
import { readOperation } from "../read-operations.ts";
import { callerContext, type InstanceRouteDeps } from "./deps.ts";
import { operationSchema } from "./operation-schema.ts";

/** The answer of every request that became an operation. */
export const accepted = {
  description: "Accepted; follow the operation named by Location",
  headers: z.object({ Location: z.string() }),
  content: { "application/json": { schema: z.object({ operation: operationSchema }) } },
};

/**
 * Answers with the operation whose id the verb gives, and does the verb once per Idempotency-Key. An answer is repeated
 * only to who may still see the operation: else throws `not_found`.
 * @param prepare what is waited for first, unless the answer is known
 */
export async function acceptOperation(
  deps: InstanceRouteDeps,
  c: Context<HttpEnv>,
  verb: (ctx: CallerContext) => Promise<string>,
  prepare: (ctx: CallerContext) => Promise<unknown> = async () => undefined,
) {
  const ctx = callerContext(deps, c);
  const reply = await once(
    c,
    { db: ctx.db, secret: deps.secret },
    () => prepare(ctx),
    async (tx) => {
      const id = await verb({ ...ctx, db: tx });
      const headers = { Location: `/instance/v1/operations/${id}` };
      return { status: 202, headers, body: { operation: await readOperation(tx, id) } };
    },
    ({ operation }, db: Queries) => readOperation(db, operation.id),
  );
  return c.json(reply.body, 202, reply.headers);
}
