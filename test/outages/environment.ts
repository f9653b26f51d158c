// A platform of this folder's own. Its control plane is not the supervisor's: the tests run each service themselves.
import type { TestProject } from "vitest/node";
import { wholeEnvironment } from "../support/whole-environment.ts";

export default function setup(project: TestProject) {
  const more = { BERTH_SERVICES: "apart", BERTH_RESERVE: "3", BERTH_ENGINES_AHEAD: "3" };
  return wholeEnvironment(project, "out-", more, ["stop"]);
}
