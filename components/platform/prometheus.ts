import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { platformContainer } from "./container.ts";
import { nobody } from "./nobody.ts";
import { alertsFolder, scrapePasswordFile } from "./prometheus-config.ts";

/** A file of this machine, and any text that changes with it. */
export interface HostFile {
  path: string;
  sha256: string;
}

export interface PrometheusArgs {
  env: string;
  image: pulumi.Input<string>;
  port: number;
  /** See `prometheusConf`. */
  config: string;
  /** Files with rules, by their names. */
  alerts: Array<HostFile & { name: string }>;
  /** Of what is read with a password. */
  passwordFile: HostFile;
}

/** Prometheus on 127.0.0.1, with fifteen days of figures in the volume `berth-<env>-prometheus-data`. */
export class Prometheus extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;

  constructor(name: string, args: PrometheusArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:platform:Prometheus", name, {}, options);
    const volume = new docker.Volume(
      `${name}-data`,
      { name: `berth-${args.env}-prometheus-data`, labels: [{ label: "berth.env", value: args.env }] },
      { parent: this, retainOnDelete: true },
    );
    const container = new docker.Container(
      `${name}-container`,
      {
        ...platformContainer({
          env: args.env,
          part: "prometheus",
          image: args.image,
          capabilities: [],
          user: nobody,
          files: [
            { path: "/etc/berth/prometheus.yml", content: args.config },
            {
              path: scrapePasswordFile,
              source: args.passwordFile.path,
              sourceHash: args.passwordFile.sha256,
              permissions: "0400",
              owner: nobody,
              group: nobody,
            },
            ...args.alerts.map((file) => ({
              path: `${alertsFolder}/${file.name}`,
              source: file.path,
              sourceHash: file.sha256,
            })),
          ],
          health: ["CMD", "/bin/promtool", "check", "healthy", `--url=http://127.0.0.1:${args.port}`],
          healthEverySeconds: 30,
          graceSeconds: 30,
        }),
        entrypoints: ["/bin/prometheus"],
        // Neither the API that deletes figures nor the one that takes them from others is on.
        command: [
          "--config.file=/etc/berth/prometheus.yml",
          "--storage.tsdb.path=/prometheus",
          "--storage.tsdb.retention.time=15d",
          "--storage.tsdb.retention.size=4GB",
          `--web.listen-address=127.0.0.1:${args.port}`,
          "--log.format=json",
        ],
        volumes: [{ volumeName: volume.name, containerPath: "/prometheus" }],
      },
      { parent: this },
    );
    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}
