import { sql } from "drizzle-orm";
import type { Queries } from "../database.ts";
import { operationEvents, operations } from "./schema.ts";

/** What the stream of an operation shows, besides its steps. */
export type EventType =
  | "queued"
  | "started"
  | "resumed"
  | "step"
  | "log"
  | "cancel_requested"
  | "succeeded"
  | "failed"
  | "cancelled";

/** Adds an event to an operation's stream and gives its number. The operation's row stays locked until commit. */
export async function appendEvent(
  tx: Queries,
  operationId: string,
  type: EventType,
  data: Record<string, unknown> = {},
): Promise<number> {
  const { rows } = await tx.execute<{ number: number }>(sql`
    with counted as (
      update ${operations} set last_event = last_event + 1 where id = ${operationId} returning id, last_event
    )
    insert into ${operationEvents} (operation_id, number, type, data)
    select id, last_event, ${type}, ${JSON.stringify(data)}::jsonb from counted
    returning number`);
  const number = rows[0]?.number;
  if (number === undefined) throw new Error(`There is no operation ${operationId} to add an event to.`);
  return number;
}
