import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { platformContainer } from "./container.ts";
import { nobody } from "./nobody.ts";
import type { HostFile } from "./prometheus.ts";

interface ExporterArgs {
  image: pulumi.Input<string>;
  port: number;
}

export interface ExportersArgs {
  env: string;
  postgres: ExporterArgs & {
    /** `host:port` of the server. */
    server: string;
    login: string;
    passwordFile: HostFile;
  };
  redis: ExporterArgs & {
    redisPort: number;
    /** JSON: by Redis' address its password. */
    passwordsFile: HostFile;
  };
  node: ExporterArgs & {
    /** Folder of the engine's data, `/var/lib/docker`: what it mounts for containers is no disk. */
    engineRoot: string;
  };
}

/** Where the exporter of this machine has all of its disks, to read only. */
const root = "/host";
/** File systems that are no disks. */
const notDisks =
  "autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fuse.*|hugetlbfs|mqueue|nsfs|overlay|proc|pstore|ramfs|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tmpfs|tracefs";

/** What tells Prometheus of PostgreSQL, of Redis and of this machine: one container each, on 127.0.0.1. */
export class Exporters extends pulumi.ComponentResource {
  constructor(name: string, args: ExportersArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:platform:Exporters", name, {}, options);
    const { postgres, redis, node } = args;
    // No health check: their images have no program that asks. Prometheus tells which is away.
    const common = (part: string, image: pulumi.Input<string>, files: Array<HostFile & { to: string }>) =>
      platformContainer({
        env: args.env,
        part,
        image,
        capabilities: [],
        user: nobody,
        files: files.map(({ path, sha256, to }) => ({
          path: to,
          source: path,
          sourceHash: sha256,
          permissions: "0400",
          owner: nobody,
          group: nobody,
        })),
        graceSeconds: 5,
      });
    const password = "/run/berth/monitor-password";
    new docker.Container(
      `${name}-postgres-container`,
      {
        ...common("postgres-exporter", postgres.image, [{ ...postgres.passwordFile, to: password }]),
        entrypoints: ["/bin/postgres_exporter"],
        envs: [
          `DATA_SOURCE_URI=${postgres.server}/postgres?sslmode=disable`,
          `DATA_SOURCE_USER=${postgres.login}`,
          `DATA_SOURCE_PASS_FILE=${password}`,
        ],
        command: [`--web.listen-address=127.0.0.1:${postgres.port}`, "--log.format=json"],
      },
      { parent: this },
    );
    const passwords = "/run/berth/redis-passwords.json";
    new docker.Container(
      `${name}-redis-container`,
      {
        ...common("redis-exporter", redis.image, [{ ...redis.passwordsFile, to: passwords }]),
        entrypoints: ["/redis_exporter"],
        command: [
          `-web.listen-address=127.0.0.1:${redis.port}`,
          `-redis.addr=${redisAddress(redis.redisPort)}`,
          `-redis.password-file=${passwords}`,
          "-log-format=json",
        ],
      },
      { parent: this },
    );
    new docker.Container(
      `${name}-node-container`,
      {
        ...common("node-exporter", node.image, []),
        entrypoints: ["/bin/node_exporter"],
        command: [
          `--web.listen-address=127.0.0.1:${node.port}`,
          "--web.disable-exporter-metrics",
          "--log.format=json",
          `--path.rootfs=${root}`,
          "--collector.disable-defaults",
          ...["filesystem", "cpu", "meminfo", "loadavg", "diskstats", "time", "timex", "netdev"].map(
            (collector) => `--collector.${collector}`,
          ),
          `--collector.filesystem.fs-types-exclude=^(${notDisks})$`,
          `--collector.filesystem.mount-points-exclude=${notDisksAt(node.engineRoot)}`,
        ],
        // Disks that are mounted later are seen as well: of a folder that holds its own the engine makes a slave (rslave).
        volumes: [{ hostPath: "/", containerPath: root, readOnly: true }],
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/**
 * Where no disks are mounted: files that containers were given, and what the engine mounts for each. Its own folder may be a
 * disk, and those right in it, as that of its volumes.
 */
function notDisksAt(engineRoot: string): string {
  const root = engineRoot.replace(/[^\w/-]/g, "\\$&");
  return `^(/(dev|proc|sys|run|etc)($|/)|${root}/[^/]+/.)`;
}

/** Redis as its exporter names it, there and in the file of passwords. */
export function redisAddress(port: number): string {
  return `redis://127.0.0.1:${port}`;
}
