import { Database as PostgresDatabase } from "@pulumi/postgresql/database.js";
import { Role } from "@pulumi/postgresql/role.js";
import * as pulumi from "@pulumi/pulumi";
import { Ownership } from "../provider/resources.ts";

export interface DatabaseArgs {
  /** Name of the database and of the role that owns it: pg_hba's `sameuser` needs them equal. */
  name: pulumi.Input<string>;
  /** The role's password. Becomes a secret whether it is one or not. */
  password: pulumi.Input<string>;
  /** The database that is cloned. Ignored once the clone exists. */
  template: pulumi.Input<string>;
  /** Owner of the template's objects. @default "odoo_template_objects" */
  templateRole?: pulumi.Input<string>;
  /** Connections the role may hold. @default -1, no limit of its own */
  connectionLimit?: pulumi.Input<number>;
  /** `web.base.url`, frozen. */
  baseUrl: pulumi.Input<string>;
  /** The first administrator. Applied once. The hash is a secret. */
  admin: { login: pulumi.Input<string>; passwordHash: pulumi.Input<string> };
  /** The main company's name. Applied once. */
  company: pulumi.Input<string>;
  /** The company's country, with its currency. Applied once. @default the template's */
  country?: pulumi.Input<string>;
  /** The one language active at first. @default "en_US" */
  lang?: pulumi.Input<string>;
  /** Whether Odoo may start on it. @default true */
  open?: pulumi.Input<boolean>;
  /** `database.uuid` it must have. @default whatever the clone is given */
  identity?: pulumi.Input<string>;
}

/**
 * A role and a database of its own, cloned from a template and made the tenant's.
 * No change of the arguments replaces the database; destroying it works while sessions are open.
 */
export class Database extends pulumi.ComponentResource {
  /** Name of the database, known once the clone is the tenant's own. */
  readonly database: pulumi.Output<string>;
  readonly role: pulumi.Output<string>;
  /** The role's password (secret), known once the clone is the tenant's own: whoever is given it may begin. */
  readonly password: pulumi.Output<string>;
  /** `database.uuid` */
  readonly identity: pulumi.Output<string>;
  /** Last of the children: who depends on it finds a database that is the tenant's. */
  readonly ownership: Ownership;

  constructor(name: string, args: DatabaseArgs, options?: pulumi.ComponentResourceOptions) {
    super("berth:components:Database", name, {}, options);
    const settings = normalizeArgs(args);
    const role = createRole(this, name, settings);
    const database = createDatabase(this, name, settings, role);
    this.ownership = createOwnership(this, name, settings, role, database);
    this.database = this.ownership.id;
    this.role = role.name;
    this.password = pulumi.secret(
      pulumi.all([settings.password, this.ownership.id]).apply(([password]) => password),
    );
    this.identity = this.ownership.identity;
    this.registerOutputs({ database: this.database, role: this.role, identity: this.identity });
  }
}

type Settings = ReturnType<typeof normalizeArgs>;

function normalizeArgs(args: DatabaseArgs) {
  return {
    ...args,
    password: pulumi.secret(args.password),
    admin: { login: args.admin.login, passwordHash: pulumi.secret(args.admin.passwordHash) },
    templateRole: args.templateRole ?? "odoo_template_objects",
    connectionLimit: args.connectionLimit ?? -1,
    lang: args.lang ?? "en_US",
    open: args.open ?? true,
  };
}

// Every attribute is spelt out: one that is left to its default would not be seen when somebody changes it. But for the
// password: the plugin would write it into the statement, for whoever sees or logs statements. The ownership sets it, as a
// verifier, before anybody logs in; roles from before have it in their state, where it stays.
function createRole(parent: pulumi.Resource, name: string, settings: Settings): Role {
  return new Role(
    `${name}-role`,
    {
      name: settings.name,
      login: true,
      superuser: false,
      createDatabase: false,
      createRole: false,
      inherit: true,
      replication: false,
      bypassRowLevelSecurity: false,
      connectionLimit: settings.connectionLimit,
      validUntil: "infinity",
      roles: [],
      skipReassignOwned: true,
    },
    { parent, deleteBeforeReplace: false, ignoreChanges: ["password"] },
  );
}

// A replacement would first make a database of the same name, and fail: the tenant's data is never dropped for it.
function createDatabase(
  parent: pulumi.Resource,
  name: string,
  settings: Settings,
  role: Role,
): PostgresDatabase {
  return new PostgresDatabase(
    `${name}-database`,
    {
      name: settings.name,
      owner: role.name,
      template: settings.template,
      allowConnections: true,
      isTemplate: false,
      connectionLimit: -1,
    },
    {
      parent,
      deleteBeforeReplace: false,
      ignoreChanges: ["template", "encoding", "lcCollate", "lcCtype", "tablespaceName"],
    },
  );
}

function createOwnership(
  parent: pulumi.Resource,
  name: string,
  settings: Settings,
  role: Role,
  database: PostgresDatabase,
): Ownership {
  return new Ownership(
    `${name}-ownership`,
    {
      database: database.name,
      role: role.name,
      password: settings.password,
      templateRole: settings.templateRole,
      baseUrl: settings.baseUrl,
      admin: settings.admin,
      company: settings.company,
      country: settings.country,
      lang: settings.lang,
      open: settings.open,
      identity: settings.identity,
    },
    { parent, deleteBeforeReplace: true },
  );
}
