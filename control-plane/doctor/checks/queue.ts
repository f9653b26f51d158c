import { whyNoDatabase } from "../bench.ts";
import type { Check } from "../finding.ts";

/** A worker takes what may run within a second; a full queue of creates moves on every few. */
const oldMinutes = 5;

export const queue: Check = {
  name: "queue",
  async look(bench) {
    const reason = whyNoDatabase(bench);
    if (reason) return { unknown: reason };
    const [row] = await bench.rows<{ count: number; id: string | null; age: number | null }>(
      { database: "instance" },
      `select count(*)::int as count, (array_agg(id order by seq))[1] as id,
         extract(epoch from clock_timestamp() - min(created_at))::float8 as age
       from operations where status = 'queued'`,
    );
    const { count = 0, id, age } = row ?? {};
    if (!age || age < oldMinutes * 60) return { well: count === 0 ? "empty" : `${count} operations wait` };
    return [
      {
        status: "wrong",
        what: `${count} operations wait, the oldest (${id}) for ${Math.round(age / 60)} minutes.`,
        why: "Customers wait for what they asked for.",
        mend: bench.supervisor
          ? "bin/berth logs provisioner --level warn tells why no work is taken; bin/berth restart provisioner"
          : "bin/berth start",
      },
    ];
  },
};
