import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { platformContainer } from "./container.ts";

export interface RedisArgs {
  env: string;
  image: pulumi.Input<string>;
  /** Number of the image's user and group `redis`. */
  uid: string;
  gid: string;
  port: number;
  /** File of this machine with the whole configuration (see `redisConf`); it holds the password. */
  configFile: string;
  configHash: string;
}

/** Redis on 127.0.0.1 with an append-only file in the volume `berth-<env>-redis-data`. */
export class Redis extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;

  constructor(name: string, args: RedisArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:platform:Redis", name, {}, options);
    const volume = new docker.Volume(
      `${name}-data`,
      { name: `berth-${args.env}-redis-data`, labels: [{ label: "berth.env", value: args.env }] },
      { parent: this, retainOnDelete: true },
    );
    const container = new docker.Container(
      `${name}-container`,
      {
        ...platformContainer({
          env: args.env,
          part: "redis",
          image: args.image,
          // SETPCAP: the official image's entry script also empties the bounding set.
          capabilities: [
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_FOWNER",
            "CAP_SETGID",
            "CAP_SETPCAP",
            "CAP_SETUID",
          ],
          files: [
            {
              path: "/etc/berth/redis.conf",
              source: args.configFile,
              sourceHash: args.configHash,
              permissions: "0400",
              owner: args.uid,
              group: args.gid,
            },
          ],
          // "Authentication required" is an answer too; the check then needs no password.
          health: ["CMD-SHELL", `redis-cli -h 127.0.0.1 -p ${args.port} ping 2>&1 | grep -qE 'PONG|NOAUTH'`],
          graceSeconds: 30,
        }),
        command: ["redis-server", "/etc/berth/redis.conf"],
        volumes: [{ volumeName: volume.name, containerPath: "/data" }],
      },
      { parent: this },
    );
    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}

/** Text of redis.conf. The password stands in it and nowhere else: not in arguments, not in the environment. */
export function redisConf(config: { port: number; password: string }): string {
  return `${[
    "bind 127.0.0.1",
    `port ${config.port}`,
    "protected-mode yes",
    `requirepass ${config.password}`,
    "dir /data",
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    // Traefik's provider follows routes by keyspace notifications.
    "notify-keyspace-events KEA",
    "maxmemory-policy noeviction",
    "tcp-keepalive 60",
    "loglevel notice",
  ].join("\n")}\n`;
}
