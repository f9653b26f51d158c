import type { DockerApi } from "../docker.ts";
import { Failure } from "../failure.ts";
import type { Resource } from "../resource.ts";

export interface VolumeInputs {
  name: string;
  labels: Record<string, string>;
}

/**
 * A named volume of the engine's own driver. The docker provider's waits two seconds before each removal, and
 * cannot take over the volume that a killed run has left behind.
 */
export function volume(docker: DockerApi): Resource<VolumeInputs, VolumeInputs> {
  return {
    async check({ name }) {
      const valid = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name);
      return valid ? [] : [{ property: "name", reason: `"${name}" is not a volume's name.` }];
    },

    diff(state, inputs) {
      const replaces = [
        ...(state.name === inputs.name ? [] : ["name"]),
        ...(sameLabels(state.labels, inputs.labels) ? [] : ["labels"]),
      ];
      return { changes: replaces.length > 0, replaces };
    },

    // The engine answers with the volume that is there, whose labels then say whose it is.
    async create({ name, labels }) {
      await docker.call("POST", "/volumes/create", { Name: name, Labels: labels });
      const state = await observe(name);
      if (state === undefined || !sameLabels(state.labels, labels)) {
        throw new Failure(
          `The volume ${name} is not this instance's. Remove it, if nobody needs it, and try again.`,
        );
      }
      return { id: name, state };
    },

    read: (id) => observe(id),

    async update(_id, state) {
      return state;
    },

    async remove(id) {
      await docker.call("DELETE", `/volumes/${id}`);
    },
  };

  async function observe(name: string): Promise<VolumeInputs | undefined> {
    const found = await docker.call("GET", `/volumes/${name}`);
    if (found === undefined) return undefined;
    const { Labels } = found.body as { Labels: Record<string, string> | null };
    return { name, labels: Labels ?? {} };
  }
}

function sameLabels(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => a[key] === b[key]);
}
