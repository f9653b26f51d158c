import type * as docker from "@pulumi/docker";
import type { Input } from "@pulumi/pulumi";

/** A file that is copied into a container before it starts. */
interface ContainerFile {
  /** Path in the container. */
  path: string;
  /** Its text, for files without secrets. */
  content?: Input<string>;
  /** A file of this machine instead: its text stays out of the state. */
  source?: Input<string>;
  /** Any text that changes when `source` does. */
  sourceHash?: Input<string>;
  /** Number of the user and group it belongs to. Default: root. */
  owner?: Input<string>;
  group?: Input<string>;
  /** Default: `0444`. */
  permissions?: string;
}

export interface PlatformContainerArgs {
  /** Environment, `dev`: prefix of the container's name. */
  env: string;
  /** `postgres`, `redis`, `traefik`, `prometheus` ... */
  part: string;
  image: Input<string>;
  /** Capabilities the image's entry script needs before it becomes an ordinary user, as `CAP_CHOWN`. */
  capabilities: string[];
  files: ContainerFile[];
  /** Number of the user it runs as. Default: the image's own. */
  user?: string;
  /** Ends with 0 while the service answers: `["CMD", program, ...]` or `["CMD-SHELL", text]`. None where no program can tell. */
  health?: string[];
  /** Seconds between two health checks. Default: 10. */
  healthEverySeconds?: number;
  /** Seconds between the request to stop and the kill. */
  graceSeconds: number;
}

/** What the platform's containers have in common: the host's network, limits on rights and logs, a health check. */
export function platformContainer(args: PlatformContainerArgs): docker.ContainerArgs {
  return {
    name: `berth-${args.env}-${args.part}`,
    image: args.image,
    user: args.user,
    networkMode: "host",
    restart: "unless-stopped",
    mustRun: true,
    // The provider's own wait polls once a second; whoever brings the platform up asks the ports.
    wait: false,
    logs: false,
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
    capabilities: { drops: ["ALL"], adds: args.capabilities },
    securityOpts: ["no-new-privileges:true"],
    destroyGraceSeconds: args.graceSeconds,
    labels: [{ label: "berth.env", value: args.env }],
    healthcheck: args.health && {
      tests: args.health,
      interval: `${args.healthEverySeconds ?? 10}s`,
      timeout: "5s",
      retries: 3,
      startPeriod: "30s",
    },
    uploads: args.files.map((file) => ({
      file: file.path,
      content: file.content,
      source: file.source,
      sourceHash: file.sourceHash,
      owner: file.owner,
      group: file.group,
      permissions: file.permissions ?? "0444",
    })),
  };
}
