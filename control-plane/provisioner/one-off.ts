import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { names } from "../../stacks/tenant/names.ts";
import type { StackRecord } from "../instance/read-stack.ts";
import type { Deps, Outcome, Work } from "./deps.ts";
import { readLoadMark, setLoadMark } from "./load-mark.ts";
import { dropDatabase, oneOffName, removeContainer } from "./objects.ts";
import { configPath, type OdooJob, odooOnce } from "./odoo-once.ts";

/** The language every template has. */
const templateLanguage = "en_US";
const step = "load modules, translations and demo data";

/** Whether a tenant asks for what no template holds; only before it was ever ready. */
export function needsOneOff({ spec, readyAt }: StackRecord): boolean {
  if (!spec || readyAt) return false;
  return spec.odoo.modules.length > 0 || spec.odoo.demo || spec.odoo.lang !== templateLanguage;
}

/**
 * Loads modules, translations and demo data into an instance's database, by Odoo itself in a container of its
 * own: same image, limits, network and address as the instance will have. Neither container nor route exist yet.
 * Throws when something outside broke it off: then the database is of no use, see `dropHalfLoaded`.
 */
export async function runOneOff(
  deps: Deps,
  work: Work,
  stack: StackRecord,
  instance: string,
): Promise<Outcome> {
  const { spec, secrets } = stack;
  const password = secrets?.instances[instance]?.databasePassword;
  const address = stack.instances.find(({ name }) => name === instance)?.address;
  if (!spec || !password || !address)
    throw new Error(`The record of ${stack.tenantId}/${instance} is not complete.`);
  const its = names(stack.tenantId, instance, deps.settings.env);
  const name = oneOffName(its.container);
  const folder = join(deps.workDir, name);
  if ((await readLoadMark(deps, its.database)) === "done") return { status: "succeeded" };
  work.journal.begin(step);
  try {
    await setLoadMark(deps, its.database, "begun");
    const done = await load(deps, work, { spec, name, its, address, folder, password });
    if (done.status !== "succeeded") return done;
    await setLoadMark(deps, its.database, "done");
    work.journal.end(step);
    return done;
  } finally {
    work.journal.end(step, "failed");
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Drops an instance's database when loading into it was begun and not ended: Odoo cannot go on from there.
 * Gives whether it did; the next `up` clones it anew.
 */
export async function dropHalfLoaded(deps: Deps, stack: StackRecord, instance: string): Promise<boolean> {
  const { database, container } = names(stack.tenantId, instance, deps.settings.env);
  if ((await readLoadMark(deps, database)) !== "begun") return false;
  await removeContainer(deps, oneOffName(container), deps.platform.images.odoo.ref);
  await dropDatabase(deps, database);
  return true;
}

async function load(deps: Deps, work: Work, job: OdooJob): Promise<Outcome> {
  const { spec, name, its, folder, password } = job;
  await removeContainer(deps, name, deps.platform.images.odoo.ref);
  await deps.docker.call("POST", "/volumes/create", { Name: its.volume, Labels: its.labels });
  await writeSecrets(folder, deps.platform.images.odoo.uid, {
    password,
    config: odooConfig(deps, its.database),
  });
  const languages = spec.odoo.lang === templateLanguage ? [] : [`--load-language=${spec.odoo.lang}`];
  const modules = spec.odoo.modules.length === 0 ? [] : ["-i", spec.odoo.modules.join(",")];
  const once = ["--stop-after-init", "--no-http", "--max-cron-threads=0"];
  if (languages.length + modules.length > 0) {
    const done = await odooOnce(deps, work, job, ["-c", configPath, ...once, ...modules, ...languages]);
    if (done.status !== "succeeded") return done;
  }
  if (!spec.odoo.demo) return { status: "succeeded" };
  return odooOnce(deps, work, job, ["module", "force-demo", "-c", configPath]);
}

function odooConfig(deps: Deps, database: string): string {
  const { host, port } = deps.platform.postgres;
  const lines = {
    db_name: database,
    db_host: host,
    db_port: port,
    db_user: database,
    data_dir: "/var/lib/odoo",
    list_db: false,
  };
  return `[options]\n${Object.entries(lines)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join("")}`;
}

async function writeSecrets(
  folder: string,
  uid: number,
  files: { password: string; config: string },
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o711 });
  for (const [name, text] of [
    ["db-password", files.password],
    ["odoo.conf", files.config],
  ] as const) {
    await writeFile(join(folder, name), text, { mode: 0o400 });
    await chown(join(folder, name), uid, 0);
  }
}
