import { readFileSync } from "node:fs";
import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { serviceUsers } from "../../control-plane/service-users.ts";
import { ownLogins } from "../../control-plane/service-variables.ts";
import { buildImage, inspectImage } from "../engine/images.ts";
import type { Engine } from "../engine/request.ts";
import type { Step } from "../progress.ts";
import { contentKey } from "../store/key.ts";
import { type LockedPackage, lockedPackages } from "./packages.ts";
import type { Parts, ServiceImage } from "./parts.ts";

export interface ServiceImageOptions {
  engine: Engine;
  project: string;
  /** Name of the image with Node, see node-image.ts. */
  base: string;
  parts: Record<ServiceImage, Parts>;
  step: Step;
}

/** What no program looks at. Licences stay. */
const unread = /\.(d\.[cm]?ts|map|md|markdown)$/i;

const defaultPorts: Record<ServiceImage, number> = { user: 8001, tenant: 8002, instance: 8003 };

/** Makes one service's image, or finds it there. Gives its name, `berth-user:0.1.0-<what it is made of>`. */
export async function serviceImage(
  service: ServiceImage,
  { engine, project, base, parts, step }: ServiceImageOptions,
): Promise<{ ref: string; made: boolean }> {
  const version = JSON.parse(readFileSync(join(project, "package.json"), "utf8")).version as string;
  const { files, packages } = parts[service];
  // The page of the reference is found by its package's name, which is nowhere imported.
  const locked = (names: string[]) => lockedPackages(project, [...names, "@scalar/api-reference"]);
  const all = locked(packages);
  // A layer of its own, so that the engine keeps what all need only once.
  const shared = new Set(locked(inAll(parts)).map(({ path }) => path));
  const dockerfile = instructions(service);
  const contents = files.map((file) => [file, readFileSync(join(project, file), "utf8")]);
  const ref = `berth-${service}:${version}-${contentKey([base, dockerfile, all, contents])}`;
  const made = !(await inspectImage(engine, ref));
  if (made) {
    const folder = await mkdtemp(join(tmpdir(), "berth-image-"));
    try {
      step.say("copying what it is made of");
      for (const one of all)
        await copyPackage(project, one, join(folder, shared.has(one.path) ? "shared" : "own"));
      for (const layer of ["shared", "own", "program"]) await mkdir(join(folder, layer), { recursive: true });
      for (const file of files) await put(join(project, file), join(folder, "program", file));
      await writeFile(join(folder, "Dockerfile"), dockerfile);
      await buildImage(engine, {
        ref,
        folder,
        buildargs: { BASE: base },
        labels: labels(service, version),
        step,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  return { ref, made };
}

/** Packages that every service imports. */
function inAll(parts: Record<ServiceImage, Parts>): string[] {
  const [first, ...others] = Object.values(parts).map(({ packages }) => packages);
  return (first ?? []).filter((name) => others.every((its) => its.includes(name)));
}

/** Names of what is secret, of files and of variables; never a secret itself. */
function instructions(service: ServiceImage): string {
  const { login, database } = ownLogins[service];
  const data = "/var/lib/berth";
  const port = `BERTH_${service.toUpperCase()}_PORT`;
  const user = serviceUsers[service];
  return [
    "ARG BASE",
    "FROM $BASE",
    "COPY shared /berth/",
    "COPY own /berth/",
    "COPY program /berth/",
    "WORKDIR /berth",
    "ENV HOME=/ NODE_ENV=production",
    `ENV BERTH_DATA_DIR=${data} ${port}=${defaultPorts[service]}`,
    `ENV DB_SERVICE_USER=${login} POSTGRES_DB=${database} POSTGRES_HOST=127.0.0.1`,
    `ENV DB_SERVICE_PASSWORD_FILE=${data}/services/${service}/database-password`,
    `ENV BERTH_KEYS_FILE=${data}/services/${service}/keys.json`,
    `ENV BERTH_REDIS_PASSWORD_FILE=${data}/services/${service}/redis-password`,
    `USER ${user}:${user}`,
    "STOPSIGNAL SIGTERM",
    "HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 " +
      `CMD ["/usr/local/bin/node", "control-plane/image/health.ts", "${port}"]`,
    `ENTRYPOINT ["/usr/local/bin/node", "control-plane/image/${service}.ts"]`,
    "",
  ].join("\n");
}

function labels(service: ServiceImage, version: string): Record<string, string> {
  const named = {
    title: `berth-${service}`,
    description: `The ${service} service of Berth's control plane`,
    version,
    "base.name": "Debian trixie's libraries and Node",
  };
  return Object.fromEntries(
    Object.entries(named).map(([name, text]) => [`org.opencontainers.image.${name}`, text]),
  );
}

async function copyPackage(project: string, { path, files }: LockedPackage, to: string): Promise<void> {
  if (files) {
    for (const file of files) await put(join(project, path, file), join(to, path, file));
    return;
  }
  const inside = join(project, path, "node_modules");
  await cp(join(project, path), join(to, path), {
    recursive: true,
    // Packages within a package are listed for themselves.
    filter: (from) => from !== inside && !unread.test(from),
  });
}

async function put(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
