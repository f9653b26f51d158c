// One environment for all end-to-end tests, brought up and taken down by the product's own commands.
import type { TestProject } from "vitest/node";
import { wholeEnvironment } from "../support/whole-environment.ts";

export default function setup(project: TestProject) {
  const isApart = project.name === "e2e-apart";
  return wholeEnvironment(project, isApart ? "e2ea" : "e2e-", {
    BERTH_SERVICES: isApart ? "apart" : "together",
  });
}
