import type { Metrics } from "../../../observability/metrics.ts";
import { createOutage } from "../../../observability/outage.ts";
import type { Deps } from "../../deps.ts";
import { answers } from "./answers.ts";
import { readContainers } from "./containers.ts";
import { createDatabaseLook } from "./databases.ts";
import { createFileSizes } from "./files.ts";
import type { TenantSources } from "./look.ts";
import { readTraffic } from "./traffic.ts";

/** The engine, the tenants' server, their volumes and Traefik. */
export function tenantSources(
  {
    docker,
    run,
    settings,
    platform,
    tenantsServer,
    log,
  }: Pick<Deps, "docker" | "run" | "settings" | "platform" | "tenantsServer" | "log">,
  { errors }: Pick<Metrics, "errors">,
): TenantSources {
  const { env } = settings;
  const group = "files";
  errors.inc({ group }, 0);
  const outage = createOutage(
    log,
    { group },
    "the size of a tenant's files could not be measured; the one before stays",
  );
  const sizes = createFileSizes({
    docker,
    run,
    env,
    onDone(wrong) {
      errors.inc({ group }, wrong.length);
      if (wrong.length > 0) outage.met(wrong[0]);
      else outage.over();
    },
  });
  return {
    containers: (names) => readContainers(docker, env, names),
    answers,
    databases: createDatabaseLook(tenantsServer),
    files(volumes) {
      sizes.measure(volumes);
      return sizes.bytes;
    },
    traffic: () => readTraffic(platform.traefik.adminPort),
  };
}
