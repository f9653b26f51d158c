import pg from "pg";
import { until } from "../../control-plane/until.ts";
import type { RawWorld } from "./raw.ts";

/** Waits until the provisioner has its stacks made ahead: what it does for that must disturb no measurement. */
export async function idle({ settings, login }: Pick<RawWorld, "settings" | "login">): Promise<void> {
  const client = new pg.Client({ ...login, database: "instance" });
  await client.connect();
  try {
    const ahead = "SELECT count(*)::int AS n FROM stacks WHERE status = 'reserved'";
    await until(
      async () => (await client.query<{ n: number }>(ahead)).rows[0]?.n === settings.reserve || undefined,
      { what: "the reserve of stacks", deadlineMs: 60_000, everyMs: 100 },
    );
  } finally {
    await client.end();
  }
}
