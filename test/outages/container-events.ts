import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What Docker says it did with an environment's containers since this was opened, as `start berth-...`. */
export interface ContainerEvents {
  count(action: "create" | "start", container: string): number;
  close(): void;
}

export function followContainers(env: string): ContainerEvents {
  const filters = ["type=container", `label=berth.env=${env}`, "event=create", "event=start"];
  const child = spawn(
    "docker",
    ["events", ...filters.flatMap((filter) => ["--filter", filter]), "--format", "{{.Action}} {{.Actor.Attributes.name}}"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const seen: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => seen.push(line.trim()));
  return {
    count(action, container) {
      if (child.exitCode !== null) throw new Error(`docker events has ended with ${child.exitCode}.`);
      return seen.filter((line) => line === `${action} ${container}`).length;
    },
    close: () => void child.kill(),
  };
}
