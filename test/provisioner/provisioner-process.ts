// A provisioner that can be killed: started by tests as a process of its own.
import { createLog } from "../../control-plane/observability/log.ts";
import { type ProvisionerOptions, startProvisioner } from "../../control-plane/provisioner/start.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as Omit<ProvisionerOptions, "log">;
await startProvisioner({
  ...options,
  log: createLog({ env: options.settings.env, logLevel: "fatal" }, "provisioner"),
});
process.send?.("ready");
