import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { connection, type DatabaseLogin, type Queries } from "../../control-plane/database.ts";

/** One node of a plan, as EXPLAIN (FORMAT JSON, ANALYZE) has it. */
export interface PlanNode {
  "Node Type": string;
  "Index Name"?: string;
  "Relation Name"?: string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  Plans?: PlanNode[];
}

/** A database as a run-time user sees it within organisations, that keeps the plan of every statement it runs. */
export async function explaining(login: DatabaseLogin, organizations: string) {
  const client = new pg.Client({ ...connection(login, "test"), options: undefined });
  await client.connect();
  await client.query("select set_config('berth.organizations', $1, false)", [organizations]);
  const plans: PlanNode[] = [];
  const query = async (config: pg.QueryConfig, values?: unknown[]) => {
    const { rows } = await client.query<{ "QUERY PLAN": Array<{ Plan: PlanNode }> }>(
      `explain (format json, analyze) ${config.text}`,
      values ?? config.values,
    );
    plans.push(...(rows[0]?.["QUERY PLAN"] ?? []).map(({ Plan }) => Plan));
    return client.query(config, values);
  };
  return {
    db: drizzle({ query } as unknown as pg.Client) as Queries,
    plans,
    close: () => client.end(),
  };
}

/** All nodes of a plan. */
export function nodes(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodes)];
}

/** How many rows a plan has looked at, those it threw away included. */
export function rowsSeen(plan: PlanNode): number {
  return nodes(plan)
    .filter((node) => node["Relation Name"] !== undefined)
    .reduce(
      (sum, node) =>
        sum + (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"],
      0,
    );
}
