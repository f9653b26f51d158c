// An environment with Prometheus, which looks often so that nobody has to wait for it, and tells a test of alerts.
import type { TestProject } from "vitest/node";
import { freePorts } from "../support/free-ports.ts";
import { wholeEnvironment } from "../support/whole-environment.ts";

export default async function setup(project: TestProject) {
  const [alertmanager] = await freePorts(1);
  return wholeEnvironment(project, "mon-", {
    BERTH_TOOLS: "prometheus,mailpit",
    BERTH_SCRAPE_SECONDS: "5",
    // A test listens there.
    BERTH_ALERTMANAGER: `127.0.0.1:${alertmanager}`,
  });
}
