import { join } from "node:path";
import { containerOf, containerParts, type PartName, partOf, processOf } from "../../part-names.ts";
import { dataPaths } from "../../paths.ts";
import { containers } from "../../platform/docker.ts";
import type { Run } from "../../platform/run.ts";
import { serviceNames } from "../../service-names.ts";
import type { Settings } from "../../settings.ts";
import { notThere } from "../restart.ts";
import { containerSource } from "./container-source.ts";
import { fileSource } from "./file-source.ts";
import type { Source } from "./source.ts";

interface Where {
  settings: Settings;
  run: Run;
  env: Record<string, string | undefined>;
  /** Said to a person beside the lines. */
  aside: (text: string) => void;
}

/** All that the environment writes; with ids of tenants what their containers write, too. */
export async function everySource(where: Where, tenants: string[]): Promise<Source[]> {
  const { settings } = where;
  // A change between together and apart leaves the other's files: what was written then is in them.
  const names = ["services", ...serviceNames, "provisioner", "supervisor"];
  const files = names.map((name) => fileSource(logFile(settings, name)));
  return [...files, ...(await ofContainers(where, tenants))];
}

/** What one part writes, and what the supervisor says of it. */
export async function sourcesOf(where: Where, part: PartName): Promise<Source[]> {
  const { settings, run, env } = where;
  const process = processOf(settings, part);
  if (process === undefined) {
    const name = containerOf(settings.env, part);
    const [found] = await containers(run, [name]);
    if (!found) throw new Error(notThere(settings, part));
    return [containerSource(name, part, env)];
  }
  const { service } = partOf(part);
  return [
    // Where three share a process, lines without a service are about all of them.
    fileSource(logFile(settings, process), (line) => line.service === undefined || line.service === service),
    fileSource(logFile(settings, "supervisor"), (line) => line.fields.child === process),
  ];
}

async function ofContainers({ settings, run, env, aside }: Where, tenants: string[]): Promise<Source[]> {
  try {
    const wanted = containerParts(settings).map((part) => ({ part, name: containerOf(settings.env, part) }));
    const there = await containers(
      run,
      wanted.map(({ name }) => name),
    );
    const parts = wanted.filter(({ name }) => there.some((one) => one.name === name));
    const theirs = await Promise.all(tenants.map((tenant) => containersOf(run, settings.env, tenant)));
    return [
      ...parts.map(({ part, name }) => containerSource(name, part, env)),
      ...theirs.flat().map((name) => containerSource(name, name.slice(`berth-${settings.env}-`.length), env)),
    ];
  } catch (error) {
    aside(`Containers are left out, because the Docker engine gives no answer: ${(error as Error).message}`);
    return [];
  }
}

async function containersOf(run: Run, env: string, tenant: string): Promise<string[]> {
  const filters = ["--filter", `label=berth.env=${env}`, "--filter", `label=berth.tenant=${tenant}`];
  const text = await run("docker", ["ps", "--all", ...filters, "--format", "{{.Names}}"]);
  return text.split("\n").filter((name) => name !== "");
}

function logFile(settings: Settings, name: string): string {
  return join(dataPaths(settings.dataDir).log, `${name}.log`);
}
