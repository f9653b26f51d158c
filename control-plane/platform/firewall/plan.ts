import { gatewayOf, type Settings } from "../../settings.ts";
import type { FirewallPlan } from "./rules.ts";

/** What an environment's settings ask of the firewall. */
export function firewallPlan(settings: Settings): FirewallPlan {
  return {
    env: settings.env,
    bridge: `br-${settings.env}`,
    gateway: gatewayOf(settings.tenantSubnet),
    postgres: tenantsServer(settings),
    publicPorts: [settings.httpPort],
  };
}

/** The tenants' PostgreSQL as a tenant's container reaches it: what is local to us is the gateway to it. */
export function tenantsServer(settings: Settings): { host: string; port: number } {
  const url = new URL(settings.tenantsDatabaseUrl);
  const loopback = url.hostname === "localhost" || url.hostname.startsWith("127.");
  const host = loopback ? gatewayOf(settings.tenantSubnet) : url.hostname;
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(host)) {
    throw new Error(
      `BERTH_TENANTS_DATABASE_URL names the server "${host}": give its IPv4 address, which the firewall needs.`,
    );
  }
  return { host, port: Number(url.port || "5432") };
}
