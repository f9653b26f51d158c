/** A place that figures are read from. */
interface ScrapeTarget {
  port: number;
  labels?: Record<string, string>;
}

export interface PrometheusConfig {
  /** Environment: alerts say whose they are. */
  env: string;
  scrapeSeconds: number;
  /** Ports on 127.0.0.1 of each job. */
  jobs: Record<string, ScrapeTarget[]>;
  /** `host:port` of an Alertmanager. Without one nobody is told of alerts. */
  alertmanager?: string | undefined;
}

/** Where the container has the rules, and the password of what is read with one. */
export const alertsFolder = "/etc/berth/alerts";
export const scrapePasswordFile = "/run/berth/tools-password";
/** Whom people sign in as. */
export const toolsUser = "berth";

/** Text of prometheus.yml (JSON is YAML). It holds no secret. */
export function prometheusConf({ env, scrapeSeconds, jobs, alertmanager }: PrometheusConfig): string {
  const interval = `${scrapeSeconds}s`;
  return JSON.stringify(
    {
      global: {
        scrape_interval: interval,
        scrape_timeout: `${Math.min(10, scrapeSeconds)}s`,
        evaluation_interval: interval,
        external_labels: { environment: env },
      },
      ...(alertmanager
        ? { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] } }
        : {}),
      rule_files: [`${alertsFolder}/*.yml`],
      scrape_configs: Object.entries(jobs).map(([name, targets]) => ({
        job_name: name,
        static_configs: targets.map(({ port, labels }) => ({ targets: [`127.0.0.1:${port}`], labels })),
        ...special[name],
      })),
    },
    null,
    2,
  );
}

const special: Record<string, object> = {
  // A process that holds all three services says itself which one a figure is of.
  services: { honor_labels: true },
  // A tenant's requests are told by the instance service, under the tenant's name: routes from Redis are tenants' only.
  traefik: { metric_relabel_configs: [{ source_labels: ["service"], regex: ".+@redis", action: "drop" }] },
  mailpit: { basic_auth: { username: toolsUser, password_file: scrapePasswordFile } },
};
