import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { redisAddress, toolsUser } from "../../components/platform/index.ts";
import type { PlatformConfig } from "../../stacks/platform/contract.ts";
import type { ToolImageName } from "../../toolchain/images.ts";
import { dataPaths, projectRoot } from "../paths.ts";
import { portsByService } from "../ports.ts";
import { escaped } from "../secrets.ts";
import { isOwnServer, type Settings } from "../settings.ts";
import { withDiskOf } from "./data-disk.ts";
import { configFile, fileAsItIs, type InputFile } from "./input-files.ts";
import type { Run } from "./run.ts";
import type { PlatformTools } from "./tools.ts";

/** Only Grafana can be missing: there is none where its image cannot be pulled. Without need it gives the very settings it got. */
export function withToolsThatThereAre(settings: Settings, tools: PlatformTools): Settings {
  if (!settings.tools.includes("grafana") || tools.images.grafana) return settings;
  return { ...settings, tools: settings.tools.filter((tool) => tool !== "grafana") };
}

type ToolInputs = PlatformConfig["tools"];

/** What the stack makes for people, of `settings.tools`; and the files that those containers get. */
export async function makeToolInputs(
  settings: Settings,
  tools: PlatformTools,
  run: Run,
): Promise<ToolInputs> {
  const has = (tool: Settings["tools"][number]) => settings.tools.includes(tool);
  const imageOf = (name: ToolImageName) => {
    const image = tools.images[name];
    if (!image)
      throw new Error(
        `The image of ${name} was not made ready: bin/setup, with the same BERTH_TOOLS, does that.`,
      );
    return image.ref;
  };
  return {
    ...(has("grafana") ? { grafana: await grafana(settings, imageOf) } : {}),
    ...(has("mailpit") ? { mailpit: await mailpit(settings, imageOf) } : {}),
    ...(has("pgadmin") ? { pgadmin: await pgadmin(settings, imageOf) } : {}),
    ...(has("prometheus") ? { prometheus: await prometheus(settings, imageOf, await engineRoot(run)) } : {}),
  };
}

type ImageOf = (name: ToolImageName) => string;

/** Folder of this machine where the engine keeps containers and volumes. */
async function engineRoot(run: Run): Promise<string> {
  return (await run("docker", ["info", "--format", "{{.DockerRootDir}}"])).trim();
}

async function prometheus(
  settings: Settings,
  imageOf: ImageOf,
  engineRoot: string,
): Promise<NonNullable<ToolInputs["prometheus"]>> {
  const paths = dataPaths(settings.dataDir);
  const { toolPorts } = settings;
  const redisPassword = (await readFile(paths.redisPassword, "utf8")).trim();
  const passwords = JSON.stringify({ [redisAddress(settings.redisPort)]: redisPassword });
  const server = new URL(settings.platformDatabaseUrl);
  return {
    image: imageOf("prometheus"),
    port: toolPorts.prometheus,
    scrapeSeconds: settings.scrapeSeconds,
    jobs: jobsOf(settings),
    ...(settings.alertmanager ? { alertmanager: settings.alertmanager } : {}),
    alerts: await rulesFor(settings, engineRoot),
    passwordFile: await fileAsItIs(paths.toolsPassword),
    exporters: {
      postgres: {
        image: imageOf("postgres-exporter"),
        port: toolPorts.postgresExporter,
        server: `${server.hostname}:${server.port || "5432"}`,
        login: "monitor",
        passwordFile: await fileAsItIs(paths.loginPassword("monitor")),
      },
      redis: {
        image: imageOf("redis-exporter"),
        port: toolPorts.redisExporter,
        redisPort: settings.redisPort,
        passwordsFile: await configFile(join(paths.platform, "redis-exporter.json"), passwords),
      },
      node: { image: imageOf("node-exporter"), port: toolPorts.nodeExporter, engineRoot },
    },
  };
}

async function grafana(settings: Settings, imageOf: ImageOf): Promise<NonNullable<ToolInputs["grafana"]>> {
  const { toolPorts, tools } = settings;
  return {
    image: imageOf("grafana"),
    port: toolPorts.grafana,
    passwordFile: await fileAsItIs(dataPaths(settings.dataDir).toolsPassword),
    ...(tools.includes("prometheus") ? { prometheusPort: toolPorts.prometheus } : {}),
    dashboards: await filesOf("dashboards/json", (name) => name.endsWith(".json")),
  };
}

async function mailpit(settings: Settings, imageOf: ImageOf): Promise<NonNullable<ToolInputs["mailpit"]>> {
  const paths = dataPaths(settings.dataDir);
  const password = (await readFile(paths.toolsPassword, "utf8")).trim();
  return {
    image: imageOf("mailpit"),
    port: settings.toolPorts.mailpit,
    smtpPort: settings.toolPorts.smtp,
    authFile: await configFile(
      join(paths.platform, "mailpit-auth"),
      `${toolsUser}:${saltedHash(password)}\n`,
    ),
  };
}

/**
 * A password as htpasswd keeps it (salted SHA-1): it is checked for each request of a page, and nobody guesses ours. Its salt
 * follows from it, for the file to stay as it is.
 */
function saltedHash(password: string): string {
  const salt = createHash("sha256").update(`salt ${password}`).digest().subarray(0, 8);
  const hash = createHash("sha1").update(password).update(salt).digest();
  return `{SSHA}${Buffer.concat([hash, salt]).toString("base64")}`;
}

async function pgadmin(settings: Settings, imageOf: ImageOf): Promise<NonNullable<ToolInputs["pgadmin"]>> {
  const paths = dataPaths(settings.dataDir);
  const password = (await readFile(paths.loginPassword("pgadmin"), "utf8")).trim();
  const servers = serversToLookAt(settings).map((url) => ({
    name: `${settings.env} ${url.hostname}:${url.port || "5432"}`,
    host: url.hostname,
    port: Number(url.port || "5432"),
    login: "pgadmin",
  }));
  const lines = servers.map(({ host, port, login }) => `${host}:${port}:*:${login}:${escaped(password)}`);
  return {
    image: imageOf("pgadmin"),
    port: settings.toolPorts.pgadmin,
    email: toolsEmail(settings),
    passwordFile: await fileAsItIs(paths.toolsPassword),
    servers,
    pgpassFile: await configFile(join(paths.platform, "pgadmin-pgpass"), `${lines.join("\n")}\n`),
  };
}

/** Address that one signs in to pgAdmin with; it takes none without a dot. */
export function toolsEmail({ domain }: Pick<Settings, "domain">): string {
  return domain.includes(".") && z.email().safeParse(`${toolsUser}@${domain}`).success
    ? `${toolsUser}@${domain}`
    : `${toolsUser}@berth.example`;
}

/** The platform's server, and the tenants' where that is our own: on an operator's the login is not made. */
function serversToLookAt(settings: Settings): URL[] {
  const platform = new URL(settings.platformDatabaseUrl);
  const tenants = new URL(settings.tenantsDatabaseUrl);
  const apart = tenants.host !== platform.host && isOwnServer(settings, tenants);
  return apart ? [platform, tenants] : [platform];
}

/** Where Prometheus reads figures, by job. */
function jobsOf(settings: Settings): NonNullable<ToolInputs["prometheus"]>["jobs"] {
  const { toolPorts, tools } = settings;
  const services =
    settings.services === "together"
      ? [{ port: settings.apiPort, labels: { service: "all" } }]
      : Object.entries(portsByService(settings)).map(([service, port]) => ({ port, labels: { service } }));
  return {
    services,
    provisioner: [{ port: settings.provisionerPort }],
    postgres: [{ port: toolPorts.postgresExporter }],
    redis: [{ port: toolPorts.redisExporter }],
    traefik: [{ port: settings.traefikAdminPort }],
    node: [{ port: toolPorts.nodeExporter }],
    prometheus: [{ port: toolPorts.prometheus }],
    ...(tools.includes("mailpit") ? { mailpit: [{ port: toolPorts.mailpit }] } : {}),
    ...(tools.includes("grafana") ? { grafana: [{ port: toolPorts.grafana }] } : {}),
  };
}

/** The rules without their tests; what they say of the engine's disk is of this engine's. */
async function rulesFor(
  { dataDir }: Settings,
  engineRoot: string,
): Promise<Array<InputFile & { name: string }>> {
  const files = await filesOf("alerts", (name) => name.endsWith(".yml") && !name.endsWith(".test.yml"));
  const folder = dataPaths(dataDir).platform;
  return Promise.all(
    files.map(async ({ name, ...file }) => {
      const text = await readFile(file.path, "utf8");
      const fitted = withDiskOf(text, engineRoot);
      return { name, ...(fitted === text ? file : await configFile(join(folder, name), fitted)) };
    }),
  );
}

/** Files of a folder of monitoring/. */
async function filesOf(
  folder: string,
  isWanted: (name: string) => boolean,
): Promise<Array<InputFile & { name: string }>> {
  const path = join(projectRoot, "monitoring", folder);
  const names = (await readdir(path)).filter(isWanted).toSorted();
  return Promise.all(names.map(async (name) => ({ name, ...(await fileAsItIs(join(path, name))) })));
}
