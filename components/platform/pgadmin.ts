import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { platformContainer } from "./container.ts";
import { pgadminConfig, pgadminData, pgadminFiles, pgadminStart } from "./pgadmin-start.ts";
import type { HostFile } from "./prometheus.ts";

export interface PgadminArgs {
  env: string;
  image: pulumi.Input<string>;
  port: number;
  /** Address that one signs in with. */
  email: string;
  passwordFile: HostFile;
  /** Servers that are registered from the start. */
  servers: Array<{ name: string; host: string; port: number; login: string }>;
  /** libpq's file with the passwords of these logins. */
  pgpassFile: HostFile;
}

/**
 * Whom the container begins as. The engine gives files to a user only whom the machine knows as well, which the image's own
 * is not: the start reads them, and becomes that user.
 */
const user = "0";

/** pgAdmin on 127.0.0.1, with what a person keeps there in the volume `berth-<env>-pgadmin-data`. */
export class Pgadmin extends pulumi.ComponentResource {
  readonly container: pulumi.Output<string>;

  constructor(name: string, args: PgadminArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:platform:Pgadmin", name, {}, options);
    const volume = new docker.Volume(
      `${name}-data`,
      { name: `berth-${args.env}-pgadmin-data`, labels: [{ label: "berth.env", value: args.env }] },
      { parent: this, retainOnDelete: true },
    );
    const listen = `127.0.0.1:${args.port}`;
    const secret = (path: string, file: HostFile) => ({
      path,
      source: file.path,
      sourceHash: file.sha256,
      permissions: "0400",
    });
    const ask = `import urllib.request; urllib.request.urlopen("http://${listen}/misc/ping", timeout=4)`;
    const container = new docker.Container(
      `${name}-container`,
      {
        ...platformContainer({
          env: args.env,
          part: "pgadmin",
          image: args.image,
          // Its Python is marked with the last in the official image, and could not be started without.
          capabilities: ["CAP_SETGID", "CAP_SETUID", "CAP_NET_BIND_SERVICE"],
          user,
          files: [
            { path: pgadminFiles.start, content: pgadminStart },
            { path: pgadminFiles.config, content: pgadminConfig },
            { path: pgadminFiles.servers, content: serverList(args.servers) },
            secret(pgadminFiles.password, args.passwordFile),
            secret(pgadminFiles.pgpass, args.pgpassFile),
          ],
          health: ["CMD", "/venv/bin/python3", "-c", ask],
          healthEverySeconds: 30,
          graceSeconds: 10,
        }),
        envs: [`HOME=${pgadminData}`],
        entrypoints: ["/venv/bin/python3"],
        command: [pgadminFiles.start, args.email, listen],
        volumes: [{ volumeName: volume.name, containerPath: pgadminData }],
      },
      { parent: this },
    );
    this.container = container.name;
    this.registerOutputs({ container: this.container });
  }
}

function serverList(servers: PgadminArgs["servers"]): string {
  const list = servers.map((server, index) => [
    `${index + 1}`,
    {
      Name: server.name,
      Group: "Servers",
      Host: server.host,
      Port: server.port,
      MaintenanceDB: "postgres",
      Username: server.login,
      // Among the files of the account.
      ConnectionParameters: { sslmode: "prefer", connect_timeout: 10, passfile: "/.pgpass" },
    },
  ]);
  return JSON.stringify({ Servers: Object.fromEntries(list) }, null, 2);
}
