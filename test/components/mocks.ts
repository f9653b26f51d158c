import * as pulumi from "@pulumi/pulumi";
import { plain } from "../../components/provider/values.ts";

interface Registered {
  type: string;
  name: string;
  /** What the engine is given. */
  inputs: Record<string, unknown>;
  /** The same before it was resolved: an input may be a secret. */
  props: Record<string, unknown>;
  options: pulumi.CustomResourceOptions;
}

export interface Engine {
  /** Give these to what is tested: children inherit them. */
  options: pulumi.ComponentResourceOptions;
  /** The one child of this type. Waits for it. */
  child(type: string): Promise<Registered>;
  /** Types of all that was registered, in order. */
  types(): string[];
  /** Calls of provider functions, and what they answer. */
  invokes: Array<{ token: string; inputs: Record<string, unknown> }>;
}

/**
 * Pulumi without an engine: every resource is "created" and told back.
 * @param created awaited for each resource before it counts as created
 */
export async function mockEngine(
  answer: (token: string) => Record<string, unknown> = () => ({}),
  created: (type: string) => Promise<void> | undefined = () => undefined,
): Promise<Engine> {
  const registered = new Map<string, Record<string, unknown>>();
  const made: Array<Omit<Registered, "inputs">> = [];
  const invokes: Engine["invokes"] = [];
  // What the program before still says of its resources would be said to this engine, which knows none of them.
  await pulumi.runtime.disconnect();
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs }) => {
        registered.set(`${type}::${name}`, plain(inputs) as Record<string, unknown>);
        await created(type);
        return {
          id: `${name}-id`,
          state: { ...inputs, ...(type.endsWith("Ownership") ? { identity: "uuid" } : {}) },
        };
      },
      call: ({ token, inputs }) => {
        invokes.push({ token, inputs });
        return answer(token);
      },
    },
    "berth",
    "ten_aaaaaaaaaaaaaaaa",
  );
  return {
    invokes,
    options: {
      transformations: [
        ({ type, name, props, opts }) => {
          made.push({ type, name, props, options: opts });
          return undefined;
        },
      ],
    },
    types: () => [...registered.keys()].map((key) => key.slice(0, key.lastIndexOf("::"))),
    async child(type) {
      const found = made.filter((resource) => resource.type === type);
      const [one] = found;
      if (one === undefined || found.length > 1) throw new Error(`${found.length} resources of type ${type}`);
      for (let turn = 0; turn < 1_000; turn += 1) {
        const inputs = registered.get(`${type}::${one.name}`);
        if (inputs !== undefined) return { ...one, inputs };
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error(`${type} was not registered`);
    },
  };
}

/** What an output comes to. */
export function value<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}

export function isSecret(input: unknown): Promise<boolean> {
  return pulumi.isSecret(pulumi.output(input));
}
