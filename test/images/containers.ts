import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { dataPaths } from "../../control-plane/paths.ts";
import type { ServiceName } from "../../control-plane/service-names.ts";
import type { Settings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";

export const docker = async (...args: string[]) =>
  (await promisify(execFile)("docker", args, { maxBuffer: 256 << 20 })).stdout.trim();

export const nameOf = ({ env }: Pick<Settings, "env">, service: ServiceName) => `berth-${env}-${service}`;

/** Runs a service as the operator's guide says: read-only, without any right, its secrets as files that are its alone. */
export async function runService(
  settings: Settings,
  service: ServiceName,
  ref: string,
  more: string[] = [],
): Promise<string> {
  const paths = dataPaths(settings.dataDir);
  const data = "/var/lib/berth";
  const variables = {
    BERTH_ENV: settings.env,
    BERTH_TOOLS: settings.tools.join(",") || "none",
    BERTH_HTTP_PORT: settings.httpPort,
    BERTH_REDIS_PORT: settings.redisPort,
    POSTGRES_PORT: settings.postgresPort,
    BERTH_USER_PORT: settings.servicePorts.user,
    BERTH_TENANT_PORT: settings.servicePorts.tenant,
    BERTH_INSTANCE_PORT: settings.servicePorts.instance,
  };
  const name = nameOf(settings, service);
  await docker(
    ...["run", "--detach", "--name", name, "--network", "host", "--stop-timeout", "30"],
    ...["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ...["--volume", `${paths.serviceFiles(service).folder}:${data}/services/${service}:ro`],
    ...(service === "user" ? ["--volume", `${paths.mail}:${data}/mail`] : []),
    ...Object.entries(variables).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    ...more,
    ref,
  );
  return name;
}

export async function healthOf(settings: Settings, service: ServiceName): Promise<string> {
  return docker("inspect", "--format", "{{.State.Health.Status}}", nameOf(settings, service));
}

export async function untilHealthy(
  settings: Settings,
  service: ServiceName,
  wanted = "healthy",
): Promise<void> {
  const name = nameOf(settings, service);
  const wait = { what: `${name} to be ${wanted}`, deadlineMs: 90_000, everyMs: 200 };
  await until(async () => (await healthOf(settings, service)) === wanted, wait).catch(async (error) => {
    throw new Error(`${error.message}\n${await docker("logs", "--tail", "20", name)}`);
  });
}

export async function removeService(settings: Settings, service: ServiceName): Promise<void> {
  await docker("rm", "--force", nameOf(settings, service));
}
