import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** What Docker did with an environment's containers since this was opened. */
export interface ContainerEvents {
  count(action: "create" | "start", container: string): number;
  close(): void;
}

export async function followContainers(env: string): Promise<ContainerEvents> {
  const filters = ["type=container", `label=berth.env=${env}`, "event=create", "event=start"];
  const format = "{{.Action}} {{.Actor.Attributes.name}}";
  const args = [
    "events",
    "--since",
    "1s",
    ...filters.flatMap((filter) => ["--filter", filter]),
    "--format",
    format,
  ];
  const child = spawn("docker", args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child, "spawn");
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
