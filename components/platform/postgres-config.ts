export interface PostgresConfig {
  port: number;
  /** Addresses to listen on besides 127.0.0.1. */
  listen: string[];
  /** CIDR of the tenants. */
  tenantSubnet: string;
  /** Logins of the control plane: from 127.0.0.1 only. */
  controlLogins: string[];
  /** MiB. */
  sharedBuffersMb: number;
  maxConnections: number;
}

/** Where the container has the socket that is for the control plane. */
export const socketFolder = "/run/berth/socket";

/** Text of postgresql.conf. Safety (fsync, full pages, synchronous commit) is PostgreSQL's own default: on. */
export function postgresqlConf(config: PostgresConfig): string {
  const settings: Record<string, string | number> = {
    listen_addresses: `'${["127.0.0.1", ...config.listen].join(",")}'`,
    port: config.port,
    // The server goes on without one of them that it cannot have.
    unix_socket_directories: `'/var/run/postgresql,${socketFolder}'`,
    hba_file: "'/etc/berth/pg_hba.conf'",
    password_encryption: "'scram-sha-256'",
    max_connections: config.maxConnections,
    superuser_reserved_connections: 10,
    shared_buffers: `'${config.sharedBuffersMb}MB'`,
    // Eight tenants created at once write a few hundred MB: that shall not force checkpoints.
    max_wal_size: "'4GB'",
    min_wal_size: "'256MB'",
    checkpoint_timeout: "'15min'",
    checkpoint_completion_target: 0.9,
    wal_compression: "'lz4'",
    // Odoo's bundles are large texts; lz4 is several times faster than the default to write.
    default_toast_compression: "'lz4'",
    random_page_cost: 1.1,
    // DROP DATABASE waits for every login that is under way: a tenant could hold up all others' for a minute.
    authentication_timeout: "'10s'",
    // Hundreds of small databases: sessions that die with their client shall not linger.
    tcp_keepalives_idle: 60,
    tcp_keepalives_interval: 10,
    tcp_keepalives_count: 3,
    log_line_prefix: "'%m [%p] %u@%d %h '",
    // A statement may hold a password (CREATE ROLE): neither a failed nor a slow one is quoted.
    log_min_error_statement: "'panic'",
    log_min_duration_statement: -1,
    log_timezone: "'UTC'",
    timezone: "'UTC'",
  };
  return `${Object.entries(settings)
    .map(([key, value]) => `${key} = ${value}`)
    .join("\n")}\n`;
}

/**
 * Text of pg_hba.conf. A tenant may only open the database that has its role's name, from the tenants'
 * network; the control plane's logins only come from this machine. Nobody else, and nobody without a password.
 */
export function pgHba(config: PostgresConfig): string {
  const logins = ["postgres", ...config.controlLogins].join(",");
  const lines = [
    ["local", "all", "postgres", "", "peer"],
    ["local", "all", logins, "", "scram-sha-256"],
    ["host", "all", logins, "127.0.0.1/32", "scram-sha-256"],
    ["host", "all", logins, "all", "reject"],
    ["host", "sameuser", "all", config.tenantSubnet, "scram-sha-256"],
    // We log in as a tenant to write into its tables.
    ["host", "sameuser", "all", "127.0.0.1/32", "scram-sha-256"],
    ["host", "all", "all", "all", "reject"],
  ];
  return `${lines.map((line) => line.filter(Boolean).join("\t")).join("\n")}\n`;
}
