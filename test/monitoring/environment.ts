// An environment with Prometheus, which looks often so that nobody has to wait for it.
import type { TestProject } from "vitest/node";
import { wholeEnvironment } from "../support/whole-environment.ts";

export default function setup(project: TestProject) {
  return wholeEnvironment(project, "mon-", { BERTH_TOOLS: "prometheus,mailpit", BERTH_SCRAPE_SECONDS: "5" });
}
