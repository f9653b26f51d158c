import { Gauge } from "prom-client";
import type { DockerApi } from "../../../components/provider/docker.ts";
import type { Metrics } from "../../observability/metrics.ts";

/** Which of the platform's containers run. */
export interface PartState {
  part: string;
  up: boolean;
}

export function addPartFigures({ registry, lookUp }: Metrics, look: () => Promise<PartState[]>): void {
  const up = new Gauge({
    name: "berth_part_up",
    help: "1 when the container of a part of the platform runs and is not unhealthy, else 0; every part that should be there",
    labelNames: ["part"],
    registers: [registry],
  });
  lookUp({
    name: "parts",
    source: "the engine's list of containers",
    figures: [up],
    look,
    show(parts) {
      for (const one of parts) up.set({ part: one.part }, one.up ? 1 : 0);
    },
  });
}

interface ListedContainer {
  Names: string[];
  State: string;
  /** `Up 5 minutes (healthy)` */
  Status: string;
}

/** @param names of the containers that should be there: `berth-<env>-<part>` */
export async function lookAtParts(docker: DockerApi, env: string, names: string[]): Promise<PartState[]> {
  const filters = encodeURIComponent(JSON.stringify({ name: names.map((name) => `^/${name}$`) }));
  const answer = await docker.call("GET", `/containers/json?all=true&filters=${filters}`);
  const there = (answer?.body ?? []) as ListedContainer[];
  return names.map((name) => {
    const found = there.find((one) => one.Names.includes(`/${name}`));
    return {
      part: name.slice(`berth-${env}-`.length),
      up: found?.State === "running" && !found.Status.includes("(unhealthy)"),
    };
  });
}
