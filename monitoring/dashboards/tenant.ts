import {
  BytesIEC,
  DurationSeconds,
  PercentUnit,
  RequestsPerSecond,
  Seconds,
  Short,
} from "@grafana/grafana-foundation-sdk/units";
import type { DashboardSpec } from "./dashboard.ts";
import { answers, rates, ratesBy } from "./kinds.ts";
import { graph, stat, wrongOnes } from "./panels.ts";

const one = 'slug="$tenant", instance="$instance"';

export const tenant: DashboardSpec = {
  name: "tenant",
  title: "Berth: one tenant",
  description: "Everything that is known of one instance of one tenant.",
  variables: {
    tenant: "label_values(berth_tenant_up, slug)",
    instance: 'label_values(berth_tenant_up{slug="$tenant"}, instance)',
  },
  rows: {
    Now: [
      answers({
        title: "Up",
        means: "1 while this Odoo is up.",
        bad: "0: see docs/runbooks/tenant-down.md.",
        queries: [[`berth_tenant_up{${one}}`, "up"]],
        width: 3,
      }),
      stat({
        title: "Up in the last day",
        means: "Share of the last 24 hours in which it was up, as far back as there are figures.",
        bad: "less than 99.9 %: a minute and a half of a day.",
        unit: PercentUnit,
        thresholds: { warn: 0.9995, red: 0.999, below: true },
        queries: [[`avg_over_time(berth_tenant_up{${one}}[24h])`, "up"]],
        width: 3,
      }),
      stat({
        title: "Failed requests, last hour",
        means: "Requests that were answered with 5xx.",
        bad: "more than a handful: read the container's log.",
        unit: Short,
        thresholds: { warn: 1, red: 20 },
        queries: [[`sum(increase(berth_tenant_requests_total{${one}, class="5xx"}[1h]))`, "5xx"]],
        width: 3,
      }),
      stat({
        title: "Requests, last hour",
        means: "All requests that Traefik passed on to it.",
        bad: "none in working hours, if people say that they cannot reach it.",
        unit: Short,
        thresholds: "none",
        queries: [[`sum(increase(berth_tenant_requests_total{${one}}[1h]))`, "requests"]],
        width: 3,
      }),
      stat({
        title: "Requests since it was first counted",
        means: "All requests that were counted, by class of the answer.",
        bad: "nothing in itself.",
        unit: Short,
        thresholds: "none",
        queries: [[`sum by (class) (berth_tenant_requests_total{${one}})`, "{{class}}"]],
        width: 6,
      }),
      wrongOnes({
        title: "Its alerts",
        means: "Alerts that fire now and name this tenant.",
        bad: "every line: docs/runbooks has a page for each name.",
        ifNone: "No alert names this tenant.",
        unit: Short,
        thresholds: "none",
        queries: [['ALERTS{alertstate="firing", slug="$tenant"}', ""]],
        width: 6,
        height: 4,
      }),
    ],
    Requests: [
      ratesBy({
        title: "Requests",
        means: "Requests a second, by class of the answer.",
        bad: "5xx that stay; 4xx in great numbers are somebody who tries doors.",
        unit: RequestsPerSecond,
        thresholds: "none",
        metric: `berth_tenant_requests_total{${one}}`,
        by: ["class"],
      }),
      graph({
        title: "Time for a request",
        means: "How long Odoo takes to answer, on average.",
        bad: "more than a second for long.",
        unit: Seconds,
        thresholds: { warn: 1, red: 3 },
        queries: [
          [
            `sum(rate(berth_tenant_request_seconds_sum{${one}}[$__rate_interval])) / (sum(rate(berth_tenant_request_seconds_count{${one}}[$__rate_interval])) > 0)`,
            "on average",
          ],
        ],
      }),
      rates({
        title: "Failed requests",
        means: "5xx a second.",
        bad: "anything that stays above zero.",
        unit: RequestsPerSecond,
        thresholds: { warn: 0.05, red: 0.5 },
        of: [[`berth_tenant_requests_total{${one}, class="5xx"}`, "5xx"]],
      }),
    ],
    "What it uses": [
      graph({
        title: "Processor",
        means: "Cores that its container uses.",
        bad: "a whole core for hours: some job of theirs runs wild.",
        unit: Short,
        thresholds: { warn: 0.8, red: 1.5 },
        queries: [[`rate(berth_tenant_cpu_seconds_total{${one}}[$__rate_interval])`, "cores"]],
      }),
      graph({
        title: "Memory",
        means: "What its container holds, and what it may (0: as much as there is).",
        bad: "growing towards the limit: the kernel ends it there, and it starts anew.",
        unit: BytesIEC,
        thresholds: { warn: 1.5 * 2 ** 30, red: 3 * 2 ** 30 },
        queries: [
          [`berth_tenant_memory_bytes{${one}}`, "holds"],
          [`berth_tenant_memory_limit_bytes{${one}}`, "limit"],
        ],
      }),
      graph({
        title: "Database connections",
        means: "Its connections to PostgreSQL.",
        bad: "dozens: all tenants share what there is.",
        unit: Short,
        thresholds: { warn: 20, red: 40 },
        queries: [[`berth_tenant_connections{${one}}`, "connections"]],
      }),
      graph({
        title: "Size",
        means: "What its database and its files take.",
        bad: "a step that nobody can explain.",
        unit: BytesIEC,
        thresholds: "none",
        queries: [
          [`berth_tenant_database_bytes{${one}}`, "database"],
          [`berth_tenant_files_bytes{${one}}`, "files"],
        ],
      }),
      graph({
        title: "Growth in a day",
        means: "How much database and files would grow in a day, going by the last hour.",
        bad: "gigabytes.",
        unit: BytesIEC,
        thresholds: { warn: 2 ** 30, red: 5 * 2 ** 30 },
        queries: [
          [`86400 * deriv(berth_tenant_database_bytes{${one}}[1h])`, "database"],
          [`86400 * deriv(berth_tenant_files_bytes{${one}}[1h])`, "files"],
        ],
      }),
      graph({
        title: "Share of the fleet's processor",
        means: "What this tenant takes of all that tenants take.",
        bad: "more than half, while others are slow.",
        unit: PercentUnit,
        thresholds: { warn: 0.5, red: 0.8 },
        queries: [
          [
            `sum(rate(berth_tenant_cpu_seconds_total{${one}}[$__rate_interval])) / sum(rate(berth_tenant_cpu_seconds_total[$__rate_interval]))`,
            "share",
          ],
        ],
      }),
      stat({
        title: "Figures are from",
        means: "How long ago the provisioner last looked at all tenants.",
        bad: "minutes: all above is from then.",
        unit: DurationSeconds,
        thresholds: { warn: 60, red: 120 },
        queries: [["max(berth_figures_age_seconds)", "ago"]],
      }),
    ],
  },
};
