import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { platformContainer } from "./container.ts";
import { type PostgresConfig, pgHba, postgresqlConf, socketFolder } from "./postgres-config.ts";

export interface PostgresArgs {
  env: string;
  image: pulumi.Input<string>;
  /** Number of the image's user and group `postgres`. */
  uid: string;
  gid: string;
  config: PostgresConfig;
  /** Folder of this machine that gets the server's Unix socket; the container's user must be able to write there. */
  socketFolder: string;
  /** File of this machine with the superuser's first password; used when the volume is empty. */
  passwordFile: string;
  passwordHash: string;
}

/** PostgreSQL on the host's network, with its data in the volume `berth-<env>-postgres-data`. */
export class Postgres extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;

  constructor(name: string, args: PostgresArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:platform:Postgres", name, {}, options);
    const volume = new docker.Volume(
      `${name}-data`,
      {
        name: `berth-${args.env}-postgres-data`,
        labels: [{ label: "berth.env", value: args.env }],
      },
      // Every tenant's data: no `up`, `destroy` or replacement may take it along.
      { parent: this, retainOnDelete: true },
    );
    const owner = { owner: args.uid, group: args.gid };
    const container = new docker.Container(
      `${name}-container`,
      {
        ...platformContainer({
          env: args.env,
          part: "postgres",
          image: args.image,
          capabilities: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETGID", "CAP_SETUID"],
          files: [
            { path: "/etc/berth/postgresql.conf", content: postgresqlConf(args.config) },
            { path: "/etc/berth/pg_hba.conf", content: pgHba(args.config) },
            {
              path: "/run/berth/postgres-password",
              source: args.passwordFile,
              sourceHash: args.passwordHash,
              permissions: "0400",
              ...owner,
            },
          ],
          // The gateway's address too: PostgreSQL goes on without an address it could not have.
          health: [
            "CMD-SHELL",
            ["127.0.0.1", ...args.config.listen]
              .map((host) => `pg_isready -q -h ${host} -p ${args.config.port}`)
              .join(" && "),
          ],
          graceSeconds: 60,
        }),
        // Ends sessions instead of waiting for them; the default signal waits for every client to leave.
        stopSignal: "SIGINT",
        shmSize: 512,
        envs: [
          "PGDATA=/var/lib/postgresql/data",
          "POSTGRES_PASSWORD_FILE=/run/berth/postgres-password",
          "POSTGRES_INITDB_ARGS=--data-checksums --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256",
        ],
        command: ["postgres", "-c", "config_file=/etc/berth/postgresql.conf"],
        volumes: [
          { volumeName: volume.name, containerPath: "/var/lib/postgresql/data" },
          { hostPath: args.socketFolder, containerPath: socketFolder },
        ],
      },
      { parent: this },
    );
    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}
