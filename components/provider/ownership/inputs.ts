export interface OwnershipInputs {
  database: string;
  /** The tenant's role: owner of the database and of everything in it. */
  role: string;
  /** Secret. The role's password, held here to see and mend a change of it. */
  password: string;
  /** NOLOGIN role that owns the objects of the template. */
  templateRole: string;
  /** `web.base.url`, frozen. */
  baseUrl: string;
  /** Applied once, when the clone becomes the tenant's; later these belong to the tenant. */
  admin: { login: string; passwordHash: string };
  company: string;
  country: string | undefined;
  /** The only active language of the new database. Must be loaded in the template, or before `open`. */
  lang: string;
  /** Whether Odoo may start: false while modules are loaded by a one-off. */
  open: boolean;
  /** `database.uuid` the database must have. Nothing is changed in one that has another. */
  identity: string | undefined;
}

/** What is there. */
export interface OwnershipState {
  database: string;
  role: string;
  baseUrl: string;
  /** Language applied; empty while it is not loaded yet. */
  lang: string;
  open: boolean;
  /** `database.uuid` */
  identity: string;
  /** Whether the database takes connections. */
  connectable: boolean;
  /** Tables, views, sequences, functions and schemas that are not the role's. */
  foreignObjects: number;
  /** Roles other than the owner that may connect. */
  otherLogins: string[];
  /** The password as PostgreSQL keeps it (secret in the state). */
  verifier: string;
}
