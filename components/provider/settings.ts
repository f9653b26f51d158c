/** Where the provider's resources live. Passwords come by file only. */
export interface ProviderSettings {
  /** Server of the tenants' databases, as a login that may alter all of them: `postgres://user@host:port/postgres`. */
  tenantsDatabaseUrl: string;
  /** Database of the record of host names: `postgres://router@host:port/instance`. */
  routesDatabaseUrl: string;
  /** Traefik's Redis: `redis://127.0.0.1:6379`. */
  redisUrl: string;
  /** File that holds Redis's password; without it none is sent. */
  redisPasswordFile: string | undefined;
  /** libpq's password file, for both databases. */
  pgPassFile: string | undefined;
  /** `unix:///var/run/docker.sock` or `tcp://host:port`. */
  dockerHost: string;
}

/** Reads the provider's environment. Throws an Error that names what is missing. */
export function parseSettings(env: NodeJS.ProcessEnv): ProviderSettings {
  return {
    tenantsDatabaseUrl: url(env, "BERTH_TENANTS_SERVER_URL"),
    routesDatabaseUrl: url(env, "BERTH_ROUTES_DATABASE_URL"),
    redisUrl: url(env, "BERTH_REDIS_URL"),
    redisPasswordFile: env.BERTH_REDIS_PASSWORD_FILE,
    pgPassFile: env.PGPASSFILE,
    dockerHost: env.DOCKER_HOST || "unix:///var/run/docker.sock",
  };
}

function url(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  const how = 'Run `eval "$(bin/berth env <slug>)"` first: it prints all that the pulumi command needs.';
  if (!value) throw new Error(`The berth provider needs ${name}. ${how}`);
  if (!URL.canParse(value)) throw new Error(`${name} is not a URL. ${how}`);
  if (new URL(value).password) throw new Error(`${name} must not hold a password. ${how}`);
  return value;
}
