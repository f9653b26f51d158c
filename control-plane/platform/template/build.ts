import { randomBytes } from "node:crypto";
import { type Client, escapeIdentifier, escapeLiteral } from "pg";
import { z } from "zod";
import { makeVerifier } from "../../../components/provider/scram.ts";
import type { Run } from "../run.ts";
import type { Progress } from "../tools.ts";
import { type Catalogue, catalogue } from "./catalogue.ts";
import { buildScript, maxUpload, series } from "./name.ts";

export interface Site {
  env: string;
  image: string;
  /** Where a container of the tenants' network reaches PostgreSQL. */
  host: string;
  port: number;
  /** Name of the database that is filled, of its temporary role, and part of the container's name. */
  building: string;
}

const line = z.union([
  z.object({ step: z.string(), done: z.number().optional(), total: z.number().optional() }),
  z.object({ catalogue }),
]);

/**
 * Makes a database and fills it with Odoo, from a container that has no more rights than a tenant's.
 * At the end its objects are `odoo_template_objects`'s. Throws with Odoo's own words when that fails.
 */
export async function build(client: Client, run: Run, site: Site, progress: Progress): Promise<Catalogue> {
  const role = escapeIdentifier(site.building);
  const password = randomBytes(24).toString("base64url");
  await client.query(`create role ${role} login password ${escapeLiteral(makeVerifier(password))}`);
  await client.query(
    `create database ${role} owner ${role} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'`,
  );
  await client.query(`revoke all on database ${role} from public`);
  return await fill(run, site, password, progress);
}

async function fill(run: Run, site: Site, password: string, progress: Progress): Promise<Catalogue> {
  let found: Catalogue | undefined;
  const options = [
    ...["--rm", "--interactive", "--name", containerName(site), "--label", `berth.env=${site.env}`],
    ...["--network", `berth-${site.env}-tenants`, "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ...["--log-driver", "none", "--entrypoint", "python3"],
  ];
  const args = ["-c", await buildScript(), site.host, String(site.port), site.building, String(maxUpload)];
  await run("docker", ["run", ...options, site.image, ...args], {
    input: `${password}\n`,
    onLine: (text) => {
      if (!text.startsWith("{")) return;
      const said = line.parse(JSON.parse(text));
      if ("catalogue" in said) found = said.catalogue;
      else progress(`template: ${said.step}${said.total ? ` (${said.done} of ${said.total})` : ""}`);
    },
  });
  if (!found) throw new Error(`Odoo in ${site.image} ended without filling the template database.`);
  if (!found.odooVersion.startsWith(series)) {
    throw new Error(`The image ${site.image} holds Odoo ${found.odooVersion}; Berth needs ${series}.`);
  }
  return found;
}

/** Removes what a build that did not end has left: its container, database and role. */
export async function clear(client: Client, run: Run, site: Site): Promise<void> {
  await run("docker", ["rm", "--force", containerName(site)]).catch((error) => {
    if (!/No such container/i.test(error.message)) throw error;
  });
  const role = escapeIdentifier(site.building);
  await client.query(`drop database if exists ${role} with (force)`);
  await client.query(`drop role if exists ${role}`);
}

function containerName(site: Site): string {
  return `berth-${site.env}-${site.building}`;
}
