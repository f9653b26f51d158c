import { Container } from "@pulumi/docker/container.js";
import * as pulumi from "@pulumi/pulumi";
import { Fittings, Volume } from "../provider/resources.ts";

export interface OdooArgs {
  /** Name of the container; its volume is `<name>-files`. */
  name: pulumi.Input<string>;
  /** Reference of an image whose entry is Berth's, in the one form the engine knows it by. */
  image: pulumi.Input<string>;
  /** Number of the image's user `odoo`, who alone may read the password file. @default 100 */
  uid?: pulumi.Input<number>;
  /** The tenants' network and this instance's fixed address on it. */
  network: pulumi.Input<string>;
  address: pulumi.Input<string>;
  /** Name servers. @default the engine's own */
  dns?: pulumi.Input<string>[];
  /**
   * Database and role are of the same name. The password is a secret and reaches Odoo as a file, which it waits
   * for: one that is known only when the database is there lets Odoo begin at the right moment.
   */
  database: {
    host: pulumi.Input<string>;
    port: pulumi.Input<number>;
    name: pulumi.Input<string>;
    password: pulumi.Input<string>;
  };
  /** Connections Odoo may hold to PostgreSQL. @default 16 */
  dbMaxconn?: pulumi.Input<number>;
  /** MiB; swap is not granted on top. @default 1024 */
  memoryMb?: pulumi.Input<number>;
  /** CPUs, in whole or part. @default 1 */
  cpus?: pulumi.Input<number>;
  /** Processes and threads. @default 256 */
  pids?: pulumi.Input<number>;
  /** MiB per log file, and files kept. @default 10 and 3 */
  logMaxMb?: pulumi.Input<number>;
  logFiles?: pulumi.Input<number>;
  /** Seconds between the request to stop and the kill. @default 10 */
  graceSeconds?: pulumi.Input<number>;
  /** Labels of container and volume. */
  labels: Record<string, pulumi.Input<string>>;
}

/** Where Odoo listens inside its network; without worker processes live updates use the same port. */
const port = 8069;
const filesPath = "/var/lib/odoo";
const passwordPath = "/run/berth/db-password";

/**
 * One Odoo: a container at a fixed address and the volume of its files. No port is published, no capability
 * granted. It may start before its database exists: the image's entry waits for it.
 */
export class Odoo extends pulumi.ComponentResource {
  /** `http://<address>:8069`, for a route. */
  readonly target: pulumi.Output<string>;
  readonly container: pulumi.Output<string>;
  readonly volume: pulumi.Output<string>;

  constructor(name: string, args: OdooArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:components:Odoo", name, {}, options);
    const settings = normalizeArgs(args);
    const volume = createVolume(this, name, settings);
    const container = createContainer(this, name, settings, volume);
    createFittings(this, name, settings, container);
    this.target = pulumi.interpolate`http://${settings.address}:${port}`;
    this.container = container.name;
    this.volume = volume.name;
    this.registerOutputs({ target: this.target, container: this.container, volume: this.volume });
  }
}

type Settings = ReturnType<typeof normalizeArgs>;

function normalizeArgs(args: OdooArgs) {
  return {
    ...args,
    uid: args.uid ?? 100,
    dns: args.dns ?? [],
    dbMaxconn: args.dbMaxconn ?? 16,
    memoryMb: args.memoryMb ?? 1024,
    cpus: args.cpus ?? 1,
    pids: args.pids ?? 256,
    logMaxMb: args.logMaxMb ?? 10,
    logFiles: args.logFiles ?? 3,
    graceSeconds: args.graceSeconds ?? 10,
  };
}

function createVolume(parent: pulumi.Resource, name: string, settings: Settings): Volume {
  return new Volume(
    `${name}-files`,
    { name: pulumi.interpolate`${settings.name}-files`, labels: settings.labels },
    { parent, deleteBeforeReplace: false },
  );
}

function createContainer(
  parent: pulumi.Resource,
  name: string,
  settings: Settings,
  volume: Volume,
): Container {
  return new Container(
    `${name}-container`,
    {
      name: settings.name,
      image: settings.image,
      command: command(settings),
      envs: [`BERTH_DB_PASSWORD_FILE=${passwordPath}`],
      volumes: [{ volumeName: volume.name, containerPath: filesPath }],
      labels: Object.entries(settings.labels).map(([label, value]) => ({ label, value })),
      ...isolation(settings),
      ...allowances(settings),
      // An engine that was killed ends its containers when it comes back, and starts only these again.
      restart: "always",
      mustRun: true,
      wait: false,
      logs: false,
      destroyGraceSeconds: settings.graceSeconds,
    },
    { parent, deleteBeforeReplace: true },
  );
}

function command({ database, dbMaxconn }: Settings): pulumi.Input<string>[] {
  return [
    pulumi.interpolate`--database=${database.name}`,
    pulumi.interpolate`--db_host=${database.host}`,
    pulumi.interpolate`--db_port=${database.port}`,
    pulumi.interpolate`--db_user=${database.name}`,
    pulumi.interpolate`--db_maxconn=${dbMaxconn}`,
    pulumi.interpolate`--db-filter=^${database.name}$`,
    "--no-database-list",
    "--proxy-mode",
    "--workers=0",
    "--max-cron-threads=1",
    `--http-port=${port}`,
    `--data-dir=${filesPath}`,
  ];
}

// The default bridge is left before the start: an address can only be asked for on a network that is joined later.
function isolation({ network, address, dns }: Settings) {
  return {
    networkMode: "bridge",
    networksAdvanced: [{ name: network, ipv4Address: address }],
    dns,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges"],
    ipcMode: "private",
    privileged: false,
    publishAllPorts: false,
  };
}

function allowances(settings: Settings) {
  return {
    memory: settings.memoryMb,
    memorySwap: settings.memoryMb,
    logDriver: "json-file",
    logOpts: {
      "max-size": pulumi.interpolate`${settings.logMaxMb}m`,
      "max-file": pulumi.interpolate`${settings.logFiles}`,
    },
  };
}

function createFittings(
  parent: pulumi.Resource,
  name: string,
  settings: Settings,
  container: Container,
): Fittings {
  return new Fittings(
    `${name}-fittings`,
    {
      container: container.id,
      pids: settings.pids,
      cpus: settings.cpus,
      file: { path: passwordPath, content: pulumi.secret(settings.database.password), uid: settings.uid },
    },
    { parent, deleteBeforeReplace: true },
  );
}
