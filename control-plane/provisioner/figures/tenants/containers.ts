import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { z } from "zod";
import type { DockerApi } from "../../../../components/provider/docker.ts";
import { atMost } from "../../../at-most.ts";
import { parseCgroupMounts, readUsage, type Usage } from "./cgroups.ts";

const listed = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()),
    State: z.string(),
  }),
);

export interface ContainerFigures {
  running: boolean;
  /** Undefined when the kernel and the engine do not tell. */
  usage: Usage | undefined;
}

/** Of a container that does not run. */
const nothing: Usage = { cpuSeconds: 0, memoryBytes: 0, memoryLimitBytes: 0 };

/** Questions to the engine at the same time: each costs it some milliseconds of a core. */
const most = 8;

/** Containers of an environment, by name, and what they use; one that is not there is missing. */
export async function readContainers(
  docker: DockerApi,
  env: string,
  names: ReadonlySet<string>,
): Promise<Map<string, ContainerFigures>> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`berth.env=${env}`] }));
  const answer = await docker.call("GET", `/containers/json?all=true&filters=${filters}`);
  const mounts = parseCgroupMounts(await readFile("/proc/self/mountinfo", "utf8").catch(() => ""));
  const found = listed.parse(answer?.body ?? []).flatMap(({ Id, Names, State }) => {
    const name = Names.map((one) => one.replace(/^\//, "")).find((one) => names.has(one));
    return name === undefined ? [] : [{ id: Id, name, running: State === "running" }];
  });
  const figures = await atMost(most, found, async ({ id, name, running }) => {
    const usage = running
      ? ((mounts && (await readUsage(mounts, id))) ?? (await askEngine(docker, id)))
      : nothing;
    return [name, { running, usage }] as const;
  });
  return new Map(figures);
}

const stats = z.object({
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }),
  memory_stats: z.object({
    usage: z.number(),
    limit: z.number(),
    stats: z.record(z.string(), z.number()).default({}),
  }),
});

/** For an engine whose groups are elsewhere, or that runs on another machine. A container that has just ended has none. */
async function askEngine(docker: DockerApi, id: string): Promise<Usage | undefined> {
  const answer = await docker.call("GET", `/containers/${id}/stats?stream=false&one-shot=true`);
  return usageOfStats(answer?.body);
}

export function usageOfStats(body: unknown): Usage | undefined {
  const { data } = stats.safeParse(body);
  if (!data) return undefined;
  const { usage, limit, stats: detail } = data.memory_stats;
  return {
    cpuSeconds: data.cpu_stats.cpu_usage.total_usage / 1e9,
    memoryBytes: Math.max(0, usage - (detail.total_inactive_file ?? detail.inactive_file ?? 0)),
    // Where there is none the engine tells the machine's memory.
    memoryLimitBytes: limit >= totalmem() ? 0 : limit,
  };
}
