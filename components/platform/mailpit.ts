import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { platformContainer } from "./container.ts";
import type { HostFile } from "./prometheus.ts";

export interface MailpitArgs {
  env: string;
  image: pulumi.Input<string>;
  /** Of its page, its API and its figures. */
  port: number;
  /** Where it takes mails. */
  smtpPort: number;
  /** Who may open the page, in the manner of htpasswd. */
  authFile: HostFile;
}

/** Mailpit on 127.0.0.1: takes every mail and sends none on. The last thousands are in the volume `berth-<env>-mailpit-data`. */
export class Mailpit extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;

  constructor(name: string, args: MailpitArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:platform:Mailpit", name, {}, options);
    const volume = new docker.Volume(
      `${name}-data`,
      { name: `berth-${args.env}-mailpit-data`, labels: [{ label: "berth.env", value: args.env }] },
      { parent: this, retainOnDelete: true },
    );
    const page = `127.0.0.1:${args.port}`;
    const authFile = "/run/berth/mailpit-auth";
    const container = new docker.Container(
      `${name}-container`,
      {
        ...platformContainer({
          env: args.env,
          part: "mailpit",
          image: args.image,
          // The image's own user is root, whose the volume is; without any capability.
          capabilities: [],
          files: [
            {
              path: authFile,
              source: args.authFile.path,
              sourceHash: args.authFile.sha256,
              permissions: "0400",
            },
          ],
          health: ["CMD", "/mailpit", "readyz", "--listen", page],
          healthEverySeconds: 30,
          graceSeconds: 10,
        }),
        entrypoints: ["/mailpit"],
        command: [
          ...["--listen", page, "--smtp", `127.0.0.1:${args.smtpPort}`],
          ...["--ui-auth-file", authFile],
          ...["--database", "/data/mailpit.db", "--max", "5000"],
          ...["--enable-prometheus", "true"],
          // It asks nobody: not for newer versions, not for the name of who sends, not for what a mail refers to.
          ...["--disable-version-check", "--smtp-disable-rdns", "--block-remote-css-and-fonts"],
        ],
        volumes: [{ volumeName: volume.name, containerPath: "/data" }],
      },
      { parent: this },
    );
    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}
