import { z } from "zod";

const answer = z.object({
  status: z.string(),
  error: z.string().optional(),
  data: z
    .object({
      resultType: z.string(),
      result: z.array(
        z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
      ),
    })
    .optional(),
});

export interface Series {
  labels: Record<string, string>;
  value: number;
}

/** Asks a real Prometheus: what a query gives at this moment. */
export type Ask = (query: string) => Promise<Series[]>;

export function prometheusAt(port: number): Ask {
  return async (query) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/query`, {
      method: "POST",
      body: new URLSearchParams({ query }),
    });
    const { status, error, data } = answer.parse(await response.json());
    if (status !== "success" || !data) throw new Error(`Prometheus refuses ${query}: ${error}`);
    return data.result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value[1]) }));
  };
}

function numberOf(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}
