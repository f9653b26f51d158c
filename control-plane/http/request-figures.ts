import { Counter, Histogram, type Registry } from "prom-client";
import type { ServiceName } from "../service-names.ts";

/** Counts requests of one service that have been answered. */
export type CountRequest = (request: { method: string; route: string; status: number; ms: number }) => void;

/** Seconds; a read takes a tenth of a millisecond, a sign-in half a second. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Whoever asks names a method as they like: only those that we answer get a series. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * The requests of a process's services, by route and never by path, host or who asked.
 * Not by @hono/prometheus: it registers its figures once for each service, which is thrice in one process, and has a label more.
 */
export function createRequestFigures(registry: Registry): (service: ServiceName) => CountRequest {
  const durations = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from a request to its answer, of event streams to its beginning",
    labelNames: ["service", "method", "route", "status"],
    buckets,
    registers: [registry],
  });
  const errors = new Counter({
    name: "berth_http_errors_total",
    help: "Requests that were answered with 500 or above",
    labelNames: ["service"],
    registers: [registry],
  });
  return (service) => {
    errors.inc({ service }, 0);
    return ({ method, route, status, ms }) => {
      durations.observe(
        { service, method: methods.has(method) ? method : "other", route, status },
        ms / 1_000,
      );
      if (status >= 500) errors.inc({ service });
    };
  };
}
