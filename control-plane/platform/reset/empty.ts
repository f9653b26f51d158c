import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { escapeIdentifier } from "pg";
import { containerOf } from "../../part-names.ts";
import { dataPaths, projectRoot } from "../../paths.ts";
import type { Settings } from "../../settings.ts";
import { onServer, ownDatabases } from "../databases.ts";
import { ofEnvironment } from "../docker.ts";
import type { Run } from "../run.ts";

// Each part may be run again after it was broken off, and finds less to do then.

/** Containers and volumes of tenants. The platform's own stay. */
export async function removeTenants(run: Run, env: string): Promise<number> {
  const filters = ["--filter", `label=berth.env=${env}`, "--filter", "label=berth.tenant"];
  const list = async (...args: string[]) =>
    (await run("docker", [...args, ...filters, "--quiet"])).split("\n").filter((id) => id !== "");
  const containers = await list("ps", "--all");
  if (containers.length > 0) await run("docker", ["rm", "--force", "--volumes", ...containers]);
  const volumes = await list("volume", "ls");
  if (volumes.length > 0) await run("docker", ["volume", "rm", "--force", ...volumes]);
  return containers.length;
}

/**
 * What Mailpit has caught, also where it is left out by now. Its volume goes with its container, and both are made anew by the next
 * bring-up: in its own file a mail is there until it is written over.
 */
export async function removeCaughtMails(run: Run, env: string): Promise<void> {
  const container = containerOf(env, "mailpit");
  const volume = `${container}-data`;
  if ((await ofEnvironment(run, "container", env)).includes(container))
    await run("docker", ["rm", "--force", container]);
  if ((await ofEnvironment(run, "volume", env)).includes(volume))
    await run("docker", ["volume", "rm", volume]);
}

/** Databases and logins of tenants, and the control plane's databases. The template stays, and so do our own logins. */
export async function dropDatabases(settings: Settings): Promise<number> {
  const own = ownDatabases.map(({ name }) => name);
  return onServer(settings, new URL(settings.tenantsDatabaseUrl), async (client) => {
    const named = async (text: string) =>
      (await client.query<{ name: string }>(text, [own])).rows.map(({ name }) => name);
    const databases = await named(
      "select datname as name from pg_database where datname = any($1) or (datname ~ '^ten_[a-z0-9]{16}_' and not datistemplate)",
    );
    for (const name of databases)
      await client.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
    const roles = await named(
      "select rolname as name from pg_roles where rolname ~ '^ten_[a-z0-9]{16}_' and rolname <> all($1)",
    );
    for (const name of roles) await client.query(`drop role if exists ${escapeIdentifier(name)}`);
    return databases.length;
  });
}

/** What the data folder holds of people and tenants; keys, passphrase and passwords of logins stay. */
export async function removeFiles(settings: Settings): Promise<void> {
  const paths = dataPaths(settings.dataDir);
  const configs = (await readdir(paths.stacks).catch(() => [])).filter((name) => /^Pulumi\.ten_/.test(name));
  for (const name of configs) await rm(join(projectRoot, name), { force: true });
  for (const path of [paths.stacks, paths.apiKey, paths.staffPassword, paths.firstStaffLink])
    await rm(path, { recursive: true, force: true });
  // The folder itself is the user service's.
  for (const name of await readdir(paths.mail).catch(() => []))
    await rm(join(paths.mail, name), { recursive: true, force: true });
}
