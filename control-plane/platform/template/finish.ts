import { type Client, escapeIdentifier, escapeLiteral } from "pg";
import { templateObjectsOwner } from "../databases.ts";
import type { Catalogue } from "./catalogue.ts";

/**
 * Gives a filled database's objects to the templates' role and packs it tight: the time a clone takes is
 * that of copying it. `inside` is connected to that database, as a superuser.
 */
export async function pack(inside: Client, building: string): Promise<void> {
  const role = escapeIdentifier(building);
  // First, or REASSIGN gives the database along, and a tenant's REASSIGN at that moment would take it further.
  await inside.query(`alter database ${role} owner to current_user`);
  await inside.query(`reassign owned by ${role} to ${escapeIdentifier(templateObjectsOwner)}`);
  await inside.query(`drop owned by ${role}`);
  await inside.query("vacuum (full, freeze, analyze)");
}

/** Closes the database and gives it its final name: all at once, so that nobody ever sees half a template. */
export async function publish(
  client: Client,
  building: string,
  name: string,
  catalogue: Catalogue,
): Promise<void> {
  const from = escapeIdentifier(building);
  const to = escapeIdentifier(name);
  await client.query("begin");
  try {
    await client.query(`alter database ${from} with is_template true allow_connections false`);
    await client.query(`comment on database ${from} is ${escapeLiteral(JSON.stringify(catalogue))}`);
    await client.query(`alter database ${from} rename to ${to}`);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
  await client.query(`drop role ${from}`);
}
