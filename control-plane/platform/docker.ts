import { existsSync } from "node:fs";
import { CommandError, type Run } from "./run.ts";

export interface ContainerState {
  id: string;
  name: string;
  running: boolean;
  pid: number;
  labels: Record<string, string>;
}

/** The named containers that exist. */
export async function containers(run: Run, names: string[]): Promise<ContainerState[]> {
  const format =
    '{"id":{{json .Id}},"name":{{json .Name}},"running":{{json .State.Running}},"pid":{{json .State.Pid}},"labels":{{json .Config.Labels}}}';
  const text = await inspect(run, "container", format, names);
  return text.map((line) => {
    const state = JSON.parse(line) as ContainerState;
    return { ...state, name: state.name.replace(/^\//, ""), labels: state.labels ?? {} };
  });
}

export interface NetworkState {
  id: string;
  name: string;
  subnets: string[];
  labels: Record<string, string>;
}

/** The networks of the engine. */
export async function networks(run: Run): Promise<NetworkState[]> {
  const ids = lines(await docker(run, ["network", "ls", "-q", "--no-trunc"]));
  const format =
    '{"id":{{json .Id}},"name":{{json .Name}},"ipam":{{json .IPAM.Config}},"labels":{{json .Labels}}}';
  // A network that goes away between the two calls is simply not in the answer.
  const text = await inspect(run, "network", format, ids);
  return text.map((line) => {
    const { ipam, ...rest } = JSON.parse(line) as NetworkState & { ipam: Array<{ Subnet?: string }> | null };
    return { ...rest, subnets: (ipam ?? []).flatMap((entry) => entry.Subnet ?? []) };
  });
}

/** Number of a user and its first group in an image. */
export async function imageUser(
  run: Run,
  image: string,
  user: string,
): Promise<{ uid: string; gid: string }> {
  const options = ["run", "--rm", "--network", "none", "--entrypoint", "sh"];
  const [uid, gid] = lines(await docker(run, [...options, image, "-c", `id -u ${user}; id -g ${user}`]));
  if (!uid || !gid)
    throw new Error(`The image ${image} has no user "${user}"; is it the image it should be?`);
  return { uid, gid };
}

/** Names of this environment's containers or volumes, tenants' ones included. */
export async function ofEnvironment(run: Run, kind: "container" | "volume", env: string): Promise<string[]> {
  const format = kind === "container" ? "{{.Names}}" : "{{.Name}}";
  const all = kind === "container" ? ["-a"] : [];
  return lines(
    await docker(run, [kind, "ls", ...all, "--filter", `label=berth.env=${env}`, "--format", format]),
  );
}

/** One JSON text for each that exists: `docker inspect` fails when one is missing, yet prints the others. */
async function inspect(
  run: Run,
  kind: "container" | "network",
  format: string,
  names: string[],
): Promise<string[]> {
  if (names.length === 0) return [];
  const json = (text: string) => lines(text).filter((line) => line.startsWith("{"));
  try {
    return json(await docker(run, [kind, "inspect", "--format", format, ...names]));
  } catch (error) {
    if (error instanceof CommandError && /No such (container|network)/i.test(error.output))
      return json(error.output);
    throw error;
  }
}

/** What no engine says in docker's place, by its socket or its address. */
const silence = /Cannot connect to the Docker daemon|error during connect|permission denied .*docker/i;

/** Runs docker. Where no engine answers, that is what the error says, and how it is started. */
async function docker(run: Run, args: string[]): Promise<string> {
  return run("docker", args).catch((error) => {
    if (!(error instanceof CommandError && silence.test(error.output))) throw error;
    const start = existsSync("/run/systemd/system") ? "systemctl start docker" : "bin/setup";
    const said = error.output.trim().split("\n").at(-1);
    throw new Error(
      `The Docker engine does not answer: ${said} Start it: ${start}. More is said by bin/berth doctor`,
      { cause: error },
    );
  });
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
