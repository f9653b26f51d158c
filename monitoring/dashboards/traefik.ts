import {
  BytesIEC,
  BytesPerSecondIEC,
  DurationSeconds,
  PercentUnit,
  RequestsPerSecond,
  Short,
} from "@grafana/grafana-foundation-sdk/units";
import type { DashboardSpec } from "./dashboard.ts";
import { answers, rates, ratesBy, time95 } from "./kinds.ts";
import { graph, stat } from "./panels.ts";

/** Traefik counts a status from its first answer on: before that there is none, which is known only while it answers. */
const zero = '0 * max(up{job="traefik"} == 1)';

export const traefik: DashboardSpec = {
  name: "traefik",
  title: "Berth: Traefik",
  description:
    "What comes in from outside: to tenants and to the control plane. Figures of single tenants are on their own page.",
  rows: {
    Now: [
      answers({
        title: "Answers",
        means: "1 while Traefik answers.",
        bad: "0: no tenant can be reached. See docs/runbooks/part-away.md.",
        queries: [['min(up{job="traefik"})', "up"]],
      }),
      stat({
        title: "5xx, last hour",
        means: "Answers with 5xx to anybody outside.",
        bad: "any that stay: 502 means that what is behind Traefik is away.",
        unit: Short,
        thresholds: { warn: 1, red: 50 },
        queries: [[`sum(increase(traefik_entrypoint_requests_total{code=~"5.."}[1h])) or ${zero}`, "5xx"]],
      }),
      stat({
        title: "First certificate to end",
        means:
          "Time until the first of Traefik's certificates ends. No figure while there are no certificates.",
        bad: "below two weeks: it should have been renewed. See docs/runbooks/certificate-near-end.md.",
        unit: DurationSeconds,
        thresholds: { warn: 1_209_600, red: 259_200, below: true },
        queries: [["min(traefik_tls_certs_not_after) - time()", "left"]],
      }),
      stat({
        title: "Open connections",
        means: "Connections that are open now.",
        bad: "thousands that do nothing.",
        unit: Short,
        thresholds: { warn: 1000, red: 5000 },
        queries: [["sum(traefik_open_connections)", "open"]],
      }),
      stat({
        title: "Last change of routes",
        means: "How long ago Traefik last took new routes.",
        bad: "long, though a tenant was just made: routes come through Redis.",
        unit: DurationSeconds,
        thresholds: "none",
        queries: [["time() - max(traefik_config_last_reload_success)", "ago"]],
      }),
      stat({
        title: "Memory",
        means: "What Traefik holds.",
        bad: "gigabytes.",
        unit: BytesIEC,
        thresholds: { warn: 2 ** 30, red: 2 * 2 ** 30 },
        queries: [['process_resident_memory_bytes{job="traefik"}', "holds"]],
      }),
    ],
    Requests: [
      ratesBy({
        title: "Requests",
        means: "Requests a second, by entry and status.",
        bad: "a sudden fall, or 5xx.",
        unit: RequestsPerSecond,
        thresholds: "none",
        metric: "traefik_entrypoint_requests_total",
        by: ["entrypoint", "code"],
      }),
      graph({
        title: "Failed requests",
        means: "5xx a second to anybody outside.",
        bad: "anything that stays above zero.",
        unit: RequestsPerSecond,
        thresholds: { warn: 0.05, red: 0.5 },
        queries: [
          [`sum(rate(traefik_entrypoint_requests_total{code=~"5.."}[$__rate_interval])) or ${zero}`, "5xx"],
        ],
      }),
      graph({
        title: "Share of failed requests",
        means: "5xx of all requests.",
        bad: "one in a hundred.",
        unit: PercentUnit,
        thresholds: { warn: 0.01, red: 0.05 },
        queries: [
          [
            `(sum(rate(traefik_entrypoint_requests_total{code=~"5.."}[$__rate_interval])) or ${zero}) / (sum(rate(traefik_entrypoint_requests_total[$__rate_interval])) > 0) or ${zero}`,
            "5xx",
          ],
        ],
      }),
      time95({
        means: "95th percentile of the time to answer, by entry.",
        bad: "seconds.",
        thresholds: { warn: 1, red: 5 },
        histogram: "traefik_entrypoint_request_duration_seconds",
        by: "entrypoint",
      }),
      ratesBy({
        title: "Requests to the control plane",
        means: "Requests a second that Traefik passed on to our own services, by status.",
        bad: "502: a service is away.",
        unit: RequestsPerSecond,
        thresholds: "none",
        metric: "traefik_service_requests_total",
        by: ["service", "code"],
      }),
      rates({
        title: "Bytes",
        means: "Bytes a second of requests and answers.",
        bad: "nothing in itself: a backup or an import shows here.",
        unit: BytesPerSecondIEC,
        thresholds: "none",
        of: [
          ["traefik_entrypoint_requests_bytes_total", "requests"],
          ["traefik_entrypoint_responses_bytes_total", "answers"],
        ],
      }),
    ],
    Itself: [
      graph({
        title: "Changes of routes",
        means: "How often an hour Traefik took new routes.",
        bad: "hundreds, while nobody changes tenants.",
        unit: Short,
        thresholds: { warn: 200, red: 1000 },
        queries: [["sum(increase(traefik_config_reloads_total[1h]))", "changes"]],
      }),
      graph({
        title: "Open connections by entry",
        means: "Open connections of each entry.",
        bad: "a line that only grows.",
        unit: Short,
        thresholds: { warn: 1000, red: 5000 },
        queries: [["sum by (entrypoint) (traefik_open_connections)", "{{entrypoint}}"]],
      }),
      graph({
        title: "Processor",
        means: "Cores that Traefik uses.",
        bad: "a whole one for long.",
        unit: Short,
        thresholds: { warn: 0.5, red: 1 },
        queries: [['rate(process_cpu_seconds_total{job="traefik"}[$__rate_interval])', "cores"]],
      }),
    ],
  },
};
