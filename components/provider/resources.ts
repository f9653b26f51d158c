import * as pulumi from "@pulumi/pulumi";

/** What a program needs of the provider: its resource types, and no more, so that programs load neither driver. */

export interface OwnershipArgs {
  database: pulumi.Input<string>;
  role: pulumi.Input<string>;
  password: pulumi.Input<string>;
  templateRole: pulumi.Input<string>;
  baseUrl: pulumi.Input<string>;
  admin: pulumi.Input<{ login: pulumi.Input<string>; passwordHash: pulumi.Input<string> }>;
  company: pulumi.Input<string>;
  country?: pulumi.Input<string>;
  lang: pulumi.Input<string>;
  open: pulumi.Input<boolean>;
  identity?: pulumi.Input<string>;
}

/** A clone made one tenant's own. See `ownership/resource.ts`. */
export class Ownership extends pulumi.CustomResource {
  /** `database.uuid` of the clone. */
  declare readonly identity: pulumi.Output<string>;

  constructor(name: string, args: OwnershipArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = { connectable: undefined, foreignObjects: undefined, otherLogins: undefined };
    super(
      "berth:index:Ownership",
      name,
      { identity: undefined, ...args, ...outputs, verifier: undefined },
      options,
    );
  }
}

export interface RouteArgs {
  tenant: pulumi.Input<string>;
  instance: pulumi.Input<string>;
  hosts: pulumi.Input<pulumi.Input<string>[]>;
  target: pulumi.Input<string>;
  entryPoint: pulumi.Input<string>;
}

/** Host names that lead to an instance. See `route/resource.ts`. */
export class RouteRecord extends pulumi.CustomResource {
  constructor(name: string, args: RouteArgs, options?: pulumi.CustomResourceOptions) {
    super("berth:index:Route", name, { ...args, claims: undefined, keys: undefined }, options);
  }
}

export interface FittingsArgs {
  container: pulumi.Input<string>;
  pids: pulumi.Input<number>;
  cpus: pulumi.Input<number>;
  file: pulumi.Input<{
    path: pulumi.Input<string>;
    content: pulumi.Input<string>;
    uid: pulumi.Input<number>;
  }>;
}

/** A container's limit of processes, its CPUs and its secret file. See `fittings/resource.ts`. */
export class Fittings extends pulumi.CustomResource {
  constructor(name: string, args: FittingsArgs, options?: pulumi.CustomResourceOptions) {
    const outputs = { path: undefined, mode: undefined, digest: undefined };
    super("berth:index:Fittings", name, { ...args, ...outputs }, options);
  }
}

export interface VolumeArgs {
  name: pulumi.Input<string>;
  labels: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** A named volume. See `volume/resource.ts`. */
export class Volume extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;

  constructor(name: string, args: VolumeArgs, options?: pulumi.CustomResourceOptions) {
    super("berth:index:Volume", name, { ...args }, options);
  }
}

/** Rejects with a sentence when the database is missing or has another `database.uuid`. Changes nothing. */
export async function verifyDatabase(args: { database: string; identity: string }): Promise<void> {
  const { refusal } = (await pulumi.runtime.invoke("berth:index:verifyDatabase", args)) as {
    refusal?: string;
  };
  if (refusal !== undefined) throw new pulumi.RunError(refusal);
}
