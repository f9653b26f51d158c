import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

export interface TenantsNetworkArgs {
  /** Environment, `dev`: the network is `berth-<env>-tenants`, its bridge `br-<env>`. */
  env: string;
  /** CIDR of the tenants' addresses. */
  subnet: string;
  /** The host's address in it: where tenants reach PostgreSQL and the internet. */
  gateway: string;
}

/** The one network of all tenants: no traffic between its containers, the internet through the host. */
export class TenantsNetwork extends pulumi.ComponentResource {
  /** Name of the network, once it exists. */
  readonly network: pulumi.Output<string>;
  /** Name of its bridge on the host. */
  readonly bridge: string;

  constructor(name: string, args: TenantsNetworkArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:platform:TenantsNetwork", name, args, options);
    this.bridge = `br-${args.env}`;
    const network = new docker.Network(
      `${name}-network`,
      {
        name: `berth-${args.env}-tenants`,
        driver: "bridge",
        ipamConfigs: [{ subnet: args.subnet, gateway: args.gateway }],
        options: {
          "com.docker.network.bridge.name": this.bridge,
          "com.docker.network.bridge.enable_icc": "false",
          "com.docker.network.bridge.enable_ip_masquerade": "true",
        },
        labels: [{ label: "berth.env", value: args.env }],
      },
      { parent: this },
    );
    this.network = network.name;
    this.registerOutputs({ network: this.network, bridge: this.bridge });
  }
}
