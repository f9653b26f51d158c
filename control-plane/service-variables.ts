import { socketFolder } from "./login.ts";
import { dataPaths, type Login } from "./paths.ts";
import type { ServiceName } from "./service-names.ts";
import type { Settings } from "./settings.ts";

/** The run-time login of each service, and its database. */
export const ownLogins: Record<ServiceName, { login: Login; database: string }> = {
  user: { login: "auth_run", database: "auth" },
  tenant: { login: "tenant_run", database: "tenant" },
  instance: { login: "instance_run", database: "instance" },
};

/** Variables of a service of this environment that runs alone. They name files with secrets, and hold none. */
export function serviceVariables(name: ServiceName, settings: Settings): Record<string, string> {
  const paths = dataPaths(settings.dataDir);
  const server = new URL(settings.platformDatabaseUrl);
  const { login, database } = ownLogins[name];
  const its = paths.serviceFiles(name);
  return {
    DB_SERVICE_USER: login,
    // Not one that happens to be set around us.
    DB_SERVICE_PASSWORD: "",
    DB_SERVICE_PASSWORD_FILE: its.databasePassword,
    POSTGRES_HOST: socketFolder(settings) ?? server.hostname,
    POSTGRES_PORT: server.port || "5432",
    POSTGRES_DB: database,
    BERTH_KEYS_FILE: its.keys,
    BERTH_REDIS_PASSWORD_FILE: its.redisPassword,
  };
}
