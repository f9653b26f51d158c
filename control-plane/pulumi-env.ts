import { dataPaths } from "./paths.ts";
import type { Settings } from "./settings.ts";

/** Replaces user and database of a server's URL; a password is never part of it. */
export function databaseUrl(server: string, user: string, database: string): string {
  const url = new URL(server);
  url.username = user;
  url.password = "";
  url.pathname = `/${database}`;
  return url.toString();
}

/**
 * What the pulumi CLI, its plugins and our provider need around them, the same for the provisioner's
 * workers and for an operator's shell. Holds no secret: passwords are in the files it names.
 * @param bin folder of `pulumi` and `pulumi-language-nodejs`
 * @param node folder of Node, which runs the program and our provider
 */
export function pulumiEnv(settings: Settings, tools: { bin: string; node: string }, path: string) {
  const paths = dataPaths(settings.dataDir);
  const tenants = new URL(settings.tenantsDatabaseUrl);
  return {
    PATH: [tools.bin, tools.node, ...path.split(":").filter((p) => p !== tools.bin && p !== tools.node)].join(
      ":",
    ),
    PULUMI_HOME: paths.pulumiHome,
    PULUMI_BACKEND_URL: `${databaseUrl(settings.platformDatabaseUrl, "pulumi", "pulumi")}?sslmode=disable`,
    PULUMI_CONFIG_PASSPHRASE_FILE: paths.passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "1",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1",
    PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: "1",
    PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "1",
    PGPASSFILE: paths.pgpass,
    PGHOST: tenants.hostname,
    PGPORT: tenants.port || "5432",
    PGUSER: tenants.username,
    PGSSLMODE: "disable",
    // The postgresql plugin would read back each role's password, on two connections of its own, and then take the
    // state's word for any that is kept as SCRAM. Ours compares passwords (ownership).
    PGSUPERUSER: "false",
    BERTH_TENANTS_SERVER_URL: settings.tenantsDatabaseUrl,
    BERTH_ROUTES_DATABASE_URL: databaseUrl(settings.platformDatabaseUrl, "router", "instance"),
    BERTH_REDIS_URL: `redis://127.0.0.1:${settings.redisPort}`,
    BERTH_REDIS_PASSWORD_FILE: paths.redisPassword,
  };
}
