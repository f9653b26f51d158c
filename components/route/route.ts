import * as pulumi from "@pulumi/pulumi";
import { RouteRecord } from "../provider/resources.ts";

export interface RouteArgs {
  tenant: pulumi.Input<string>;
  instance: pulumi.Input<string>;
  /** Host names, each of which belongs to one instance only. */
  hosts: pulumi.Input<pulumi.Input<string>[]>;
  /** Where the instance listens: `http://10.213.0.2:8069`. */
  target: pulumi.Input<string>;
  /** Traefik's entry point. @default "web" */
  entryPoint?: pulumi.Input<string>;
}

/** Host names that lead to an instance. They change in place, live within a moment, and restart nothing. */
export class Route extends pulumi.ComponentResource {
  readonly hosts: pulumi.Output<string[]>;

  constructor(name: string, args: RouteArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:components:Route", name, {}, options);
    const settings = { ...args, entryPoint: args.entryPoint ?? "web" };
    new RouteRecord(`${name}-record`, settings, { parent: this, deleteBeforeReplace: true });
    this.hosts = pulumi.output(args.hosts);
    this.registerOutputs({ hosts: this.hosts });
  }
}
