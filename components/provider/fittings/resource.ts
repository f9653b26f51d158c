import { createHash } from "node:crypto";
import type { CheckFailure } from "@pulumi/pulumi/provider/provider.js";
import type { DockerApi } from "../docker.ts";
import { Failure } from "../failure.ts";
import type { Resource } from "../resource.ts";
import { secret } from "../values.ts";
import { tar } from "./tar.ts";

interface SecretFile {
  /** Absolute path in the container. */
  path: string;
  /** Secret. */
  content: string;
  /** Number of the only user who may read it: its mode is 0400. */
  uid: number;
}

export interface FittingsInputs {
  /** Id of the container. */
  container: string;
  /** Processes and threads it may have. */
  pids: number;
  /** CPUs it may use, in whole or part. */
  cpus: number;
  file: SecretFile;
}

/** What is there. */
export interface FittingsState {
  container: string;
  pids: number;
  cpus: number;
  path: string;
  /** Octal; empty when there is no file. */
  mode: string;
  /** What was written last (secret in the state). */
  digest: string;
}

const cpuPeriod = 100_000;

/**
 * What the docker provider cannot give a container, or not without replacing it: a limit of processes, a share of
 * the CPUs, and a secret file that belongs to a user of the image (its `uploads.owner` looks users up on the host).
 */
export function fittings(docker: DockerApi): Resource<FittingsInputs, FittingsState> {
  return {
    async check({ pids, cpus, file }) {
      const failures: CheckFailure[] = [];
      if (!Number.isInteger(pids) || pids < 32)
        failures.push({ property: "pids", reason: "pids must be 32 or more." });
      if (!(cpus >= 0.01)) failures.push({ property: "cpus", reason: "cpus must be 0.01 or more." });
      if (!/^\/.{1,98}$/.test(file.path))
        failures.push({ property: "file", reason: `"${file.path}" is no path.` });
      return failures;
    },

    diff(state, inputs) {
      const replaces = state.container === inputs.container ? [] : ["container"];
      const { file } = inputs;
      const same =
        state.pids === inputs.pids &&
        state.cpus === inputs.cpus &&
        state.path === file.path &&
        state.mode === "400" &&
        state.digest === digest(file);
      return { changes: replaces.length > 0 || !same, replaces };
    },

    async create(inputs) {
      return { id: inputs.container, state: await apply(inputs) };
    },

    read: (_id, state) => observe(state.container, state.path, state.digest),

    update: (_id, _state, inputs) => apply(inputs),

    async remove() {
      // Nothing outlives the container, and that is removed next.
    },
  };

  async function apply({ container, pids, cpus, file }: FittingsInputs): Promise<FittingsState> {
    const entry = {
      path: file.path.slice(1),
      mode: 0o400,
      content: file.content,
      uid: file.uid,
    };
    // First what Odoo waits for.
    await docker.call("PUT", `/containers/${container}/archive?path=/`, tar(entry));
    const updated = await docker.call("POST", `/containers/${container}/update`, {
      PidsLimit: pids,
      CpuPeriod: cpuPeriod,
      CpuQuota: Math.round(cpus * cpuPeriod),
    });
    if (updated === undefined)
      throw new Failure(`There is no container ${container} any more. Run \`up --refresh\`.`);
    const state = await observe(container, file.path, digest(file));
    if (state === undefined)
      throw new Failure(`There is no container ${container} any more. Run \`up --refresh\`.`);
    return state;
  }

  async function observe(container: string, path: string, known: string): Promise<FittingsState | undefined> {
    const found = await docker.call("GET", `/containers/${container}/json`);
    if (found === undefined) return undefined;
    const { PidsLimit, CpuPeriod, CpuQuota } = (found.body as { HostConfig: HostConfig }).HostConfig;
    const file = await docker.call(
      "HEAD",
      `/containers/${container}/archive?path=${encodeURIComponent(path)}`,
    );
    // The wire takes the mark for the string it stands for.
    const marked = secret(known) as string;
    return {
      container,
      pids: PidsLimit ?? 0,
      cpus: CpuPeriod > 0 ? CpuQuota / CpuPeriod : 0,
      path,
      mode: modeOf(file?.headers),
      digest: marked,
    };
  }
}

interface HostConfig {
  PidsLimit: number | null;
  CpuPeriod: number;
  CpuQuota: number;
}

function modeOf(headers: NodeJS.Dict<string | string[]> | undefined): string {
  const stat = headers?.["x-docker-container-path-stat"];
  if (typeof stat !== "string") return "";
  const { mode } = JSON.parse(Buffer.from(stat, "base64").toString("utf8")) as { mode: number };
  return (mode & 0o777).toString(8);
}

function digest({ uid, content }: SecretFile): string {
  return createHash("sha256").update(`${uid}:${content}`).digest("hex");
}
