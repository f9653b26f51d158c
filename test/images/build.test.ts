import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { type ServiceName, serviceNames } from "../../control-plane/service-names.ts";
import { serviceUsers } from "../../control-plane/service-users.ts";
import { parseSettings } from "../../control-plane/settings.ts";
import { createProgress } from "../../toolchain/progress.ts";
import { buildServices } from "../../toolchain/services/build.ts";
import { parseToolchainSettings } from "../../toolchain/settings.ts";
import { docker } from "./containers.ts";

const refs = inject("imageRefs");
const settings = parseSettings(inject("berthEnv"));

interface Inspected {
  Config: {
    User: string;
    Env: string[];
    Entrypoint: string[];
    Labels: Record<string, string>;
    Healthcheck: { Test: string[] };
  };
  RootFS: { Layers: string[] };
}
const inspect = async (ref: string) =>
  (JSON.parse(await docker("inspect", ref)) as Inspected[])[0] as Inspected;

/** Runs a shell line on the tar of the image's file system, and gives what it says. Exit codes 0 and 1 are answers. */
async function onFiles(ref: string, line: string): Promise<string> {
  const container = await docker("create", ref);
  try {
    const child = spawn("sh", ["-c", `docker export ${container} | ${line}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
    });
    const [code] = (await once(child, "close")) as [number];
    if (code > 1) throw new Error(`${line} ended with ${code}`);
    return said;
  } finally {
    await docker("rm", container);
  }
}

const paths: Partial<Record<ServiceName, string[]>> = {};
async function filesOf(service: ServiceName): Promise<string[]> {
  paths[service] ??= (await onFiles(refs[service] ?? "", "tar -t")).split("\n").filter(Boolean);
  return paths[service];
}

test.each(serviceNames)(
  "the image of the %s service says who it runs as, how it is, and what it is",
  async (service) => {
    const { Config } = await inspect(refs[service] ?? "");
    expect(Config.User).toBe(`${serviceUsers[service]}:${serviceUsers[service]}`);
    // No shell in between: signals reach the service.
    expect(Config.Entrypoint).toEqual(["/usr/local/bin/node", `control-plane/image/${service}.ts`]);
    expect(Config.Healthcheck.Test.slice(0, 3)).toEqual([
      "CMD",
      "/usr/local/bin/node",
      "control-plane/image/health.ts",
    ]);
    expect(Config.Labels["org.opencontainers.image.title"]).toBe(`berth-${service}`);
    expect(Config.Labels["dev.berth.package.libc6"]).toMatch(/^\d/);
  },
);

test.each(serviceNames)(
  "the image of the %s service has no other program, no other service and no test",
  async (service) => {
    const files = await filesOf(service);
    const programs = files.filter((path) => /^(usr\/)?(local\/)?s?bin\/./.test(path));
    expect(programs.filter((path) => !path.endsWith("/"))).toEqual(["usr/local/bin/node"]);
    expect(files).toContain(`berth/control-plane/${service}/open.ts`);
    const others = serviceNames.filter((name) => name !== service);
    const strange = new RegExp(
      `^berth/(test|toolchain|components|docs|bin|\\.git)/|control-plane/(provisioner|platform|supervisor|${others
        .map((name) => `${name}/open`)
        .join("|")})|node_modules/(@pulumi|vitest|typescript|autocannon)/`,
    );
    expect(files.filter((path) => strange.test(path))).toEqual([]);
  },
);

test("no image holds a secret: not in its files, its variables, its labels or its history", async () => {
  const data = dataPaths(settings.dataDir);
  const secrets: string[] = [];
  for (const folder of [data.secrets, ...serviceNames.map((name) => data.serviceFiles(name).folder)])
    for (const file of await readdir(folder)) {
      const text = (await readFile(join(folder, file), "utf8")).trim();
      secrets.push(...(file.endsWith(".json") ? (text.match(/[\w-]{43}/g) ?? []) : [text]));
    }
  expect(secrets.length).toBeGreaterThan(15);
  const patterns = join(settings.dataDir, "secrets-of-the-test");
  await writeFile(patterns, secrets.join("\n"), { mode: 0o600 });
  for (const service of serviceNames) {
    const ref = refs[service] ?? "";
    const told = `${await docker("inspect", ref)}${await docker("history", "--no-trunc", ref)}`;
    for (const secret of secrets) expect(told.includes(secret), service).toBe(false);
    const hits = await onFiles(ref, `grep -a -c -F -f "${patterns}"`);
    expect(hits.trim()).toBe("0");
  }
});

test("the services share all layers but the last ones", async () => {
  const layers = await Promise.all(
    serviceNames.map(async (name) => (await inspect(refs[name] ?? "")).RootFS.Layers),
  );
  const [first = [], ...others] = layers;
  const shared = first.filter((layer) => others.every((its) => its.includes(layer)));
  expect(shared.length).toBeGreaterThanOrEqual(3);
});

test("what is there is not made again", async () => {
  const progress = createProgress({ write: () => undefined, terminal: false });
  const again = await buildServices({
    ...parseToolchainSettings(process.env),
    project: projectRoot,
    services: serviceNames,
    progress,
  });
  expect(again.map(({ ref, made }) => ({ ref, made }))).toEqual(
    serviceNames.map((name) => ({ ref: refs[name], made: false })),
  );
});
