import type { CheckFailure } from "@pulumi/pulumi/provider/provider.js";

interface Difference {
  /** Whether anything is to be done at all. */
  changes: boolean;
  /** Inputs whose change needs a new resource. */
  replaces?: string[];
}

/**
 * One of our resource types. Values arrive without Pulumi's secret marks; what enters the state secretly is
 * marked by `secret()` on its way out. `create` and `remove` may be run again after a kill in their middle.
 */
export interface Resource<Inputs, State> {
  /** Shape and ownership of the inputs, in sentences. */
  check(inputs: Inputs): Promise<CheckFailure[]>;
  diff(state: State, inputs: Inputs): Difference;
  create(inputs: Inputs): Promise<{ id: string; state: State }>;
  /** What is really there; undefined when nothing is. */
  read(id: string, state: State): Promise<State | undefined>;
  update(id: string, state: State, inputs: Inputs): Promise<State>;
  remove(id: string, state: State): Promise<void>;
}
