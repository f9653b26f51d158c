import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { platformContainer } from "./container.ts";
import { type ApiRoutes, ownRoutesConf } from "./traefik-config.ts";
import { pluginFolder, pluginManifest, pluginSource, unknownHostPage } from "./unknown-host-plugin.ts";

export interface TraefikArgs {
  env: string;
  image: pulumi.Input<string>;
  adminPort: number;
  api: ApiRoutes;
  /** File of this machine with the static configuration (see `traefikConf`); it holds Redis' password. */
  configFile: string;
  configHash: string;
}

/** Traefik on the host's network: the public HTTP port, with routes read from Redis. */
export class Traefik extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;

  constructor(name: string, args: TraefikArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:platform:Traefik", name, {}, options);
    const container = new docker.Container(
      `${name}-container`,
      {
        ...platformContainer({
          env: args.env,
          part: "traefik",
          image: args.image,
          capabilities: ["CAP_NET_BIND_SERVICE"],
          files: [
            {
              path: "/etc/berth/traefik.yml",
              source: args.configFile,
              sourceHash: args.configHash,
              permissions: "0400",
            },
            { path: "/etc/berth/pages.yml", content: ownRoutesConf(args.api, unknownHostPage) },
            { path: `${pluginFolder}/.traefik.yml`, content: pluginManifest },
            { path: `${pluginFolder}/unknownhost.go`, content: pluginSource },
          ],
          health: [
            "CMD",
            "traefik",
            "healthcheck",
            "--ping",
            "--ping.entrypoint=traefik",
            `--entrypoints.traefik.address=127.0.0.1:${args.adminPort}`,
          ],
          // Each check starts a program of 140 MB.
          healthEverySeconds: 30,
          graceSeconds: 15,
        }),
        // Traefik looks for plugins under its working folder.
        workingDir: "/",
        entrypoints: ["traefik"],
        command: ["--configFile=/etc/berth/traefik.yml"],
      },
      { parent: this },
    );
    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}
