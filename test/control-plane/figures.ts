import { operationKind } from "../../control-plane/instance/operation-status.ts";
import type { Services } from "../../control-plane/services.ts";
import { parseSamples, type Sample } from "../support/samples.ts";

/** All figures that services tell now. */
export const scrape = async (services: Pick<Services, "metrics">): Promise<Sample[]> =>
  parseSamples(await services.metrics.text());

const outcomes = ["succeeded", "failed", "cancelled"];
/** Operations that ended, by kind and outcome, when none has. */
export const noOperations = Object.fromEntries(
  operationKind.options.flatMap((kind) => outcomes.map((one) => [`kind=${kind} outcome=${one}`, 0])),
);

/** Everything that the services tell, with its labels, when nothing was ever done. */
export const figures: Record<string, string> = {
  berth_http_errors_total: "service",
  berth_scrape_errors_total: "group",
  berth_job_runs_total: "name outcome",
  berth_operations_total: "kind outcome",
  berth_queue_depth: "",
  berth_queue_oldest_age_seconds: "",
  berth_operations_running: "",
  berth_operation_running_oldest_seconds: "",
  berth_tenants: "status",
  berth_tenants_drifted: "",
  berth_outbox_depth: "",
  berth_outbox_oldest_age_seconds: "",
};
/** And of each instance. */
export const figuresOfInstances: Record<string, string> = Object.fromEntries([
  ...[
    "berth_tenant_up",
    "berth_tenant_cpu_seconds_total",
    "berth_tenant_memory_bytes",
    "berth_tenant_memory_limit_bytes",
    "berth_tenant_connections",
    "berth_tenant_database_bytes",
    "berth_tenant_files_bytes",
    "berth_tenant_request_seconds_sum",
    "berth_tenant_request_seconds_count",
  ].map((name) => [name, "tenant slug instance"]),
  ["berth_tenant_requests_total", "tenant slug instance class"],
]);
/** And of each that was ever checked. */
export const figureOfChecked = "berth_tenant_drifted";
