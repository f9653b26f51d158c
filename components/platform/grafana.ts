import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { platformContainer } from "./container.ts";
import type { HostFile } from "./prometheus.ts";
import { toolsUser } from "./prometheus-config.ts";

export interface GrafanaArgs {
  env: string;
  image: pulumi.Input<string>;
  port: number;
  passwordFile: HostFile;
  /** Port of Prometheus on 127.0.0.1; without it there is nothing to show. */
  prometheusPort?: number;
  /** Dashboards, by their files' names. */
  dashboards: Array<HostFile & { name: string }>;
}

const provisioning = "/etc/berth/grafana";
const dashboards = "/etc/berth/dashboards";

/** Grafana on 127.0.0.1, with its data source and dashboards from the start; what else is made there is in its volume. */
export class Grafana extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;

  constructor(name: string, args: GrafanaArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:platform:Grafana", name, {}, options);
    const volume = new docker.Volume(
      `${name}-data`,
      { name: `berth-${args.env}-grafana-data`, labels: [{ label: "berth.env", value: args.env }] },
      { parent: this, retainOnDelete: true },
    );
    const password = "/run/berth/tools-password";
    const container = new docker.Container(
      `${name}-container`,
      {
        ...platformContainer({
          env: args.env,
          part: "grafana",
          image: args.image,
          capabilities: [],
          // The engine gives files to a user only whom the machine knows as well, which the image's own is not. Its folders are
          // open to root's group.
          user: "0",
          files: [
            {
              path: password,
              source: args.passwordFile.path,
              sourceHash: args.passwordFile.sha256,
              permissions: "0400",
            },
            { path: `${provisioning}/datasources/berth.yml`, content: dataSources(args.prometheusPort) },
            { path: `${provisioning}/dashboards/berth.yml`, content: dashboardProvider },
            ...args.dashboards.map((file) => ({
              path: `${dashboards}/${file.name}`,
              source: file.path,
              sourceHash: file.sha256,
            })),
          ],
          health: ["CMD-SHELL", `curl -fsS -o /dev/null http://127.0.0.1:${args.port}/api/health`],
          healthEverySeconds: 30,
          graceSeconds: 10,
        }),
        envs: grafanaSettings(args.port, password),
        volumes: [{ volumeName: volume.name, containerPath: "/var/lib/grafana" }],
      },
      { parent: this },
    );
    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}

/** What Grafana is told: nobody gets in without signing in, and it tells nobody outside of itself nor asks for news. */
function grafanaSettings(port: number, passwordFile: string): string[] {
  const settings: Record<string, string | number | boolean> = {
    SERVER_HTTP_ADDR: "127.0.0.1",
    SERVER_HTTP_PORT: port,
    SECURITY_ADMIN_USER: toolsUser,
    SECURITY_ADMIN_PASSWORD__FILE: passwordFile,
    SECURITY_DISABLE_GRAVATAR: true,
    AUTH_ANONYMOUS_ENABLED: false,
    USERS_ALLOW_SIGN_UP: false,
    ANALYTICS_REPORTING_ENABLED: false,
    ANALYTICS_CHECK_FOR_UPDATES: false,
    ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: false,
    ANALYTICS_FEEDBACK_LINKS_ENABLED: false,
    NEWS_NEWS_FEED_ENABLED: false,
    SNAPSHOTS_EXTERNAL_ENABLED: false,
    PLUGINS_PREINSTALL_DISABLED: true,
    PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: true,
    PATHS_PROVISIONING: provisioning,
    DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: `${dashboards}/fleet.json`,
    LOG_MODE: "console",
    LOG_CONSOLE_FORMAT: "json",
  };
  return Object.entries(settings).map(([name, value]) => `GF_${name}=${value}`);
}

function dataSources(prometheusPort: number | undefined): string {
  const prometheus = {
    name: "Prometheus",
    uid: "prometheus",
    type: "prometheus",
    access: "proxy",
    url: `http://127.0.0.1:${prometheusPort}`,
    isDefault: true,
    editable: false,
  };
  return JSON.stringify(
    { apiVersion: 1, datasources: prometheusPort === undefined ? [] : [prometheus] },
    null,
    2,
  );
}

const dashboardProvider = JSON.stringify(
  {
    apiVersion: 1,
    providers: [
      { name: "berth", folder: "Berth", type: "file", allowUiUpdates: false, options: { path: dashboards } },
    ],
  },
  null,
  2,
);
