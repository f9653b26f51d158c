import { entryPoint } from "../../components/platform/index.ts";
import { gatewayOf, type Settings } from "../settings.ts";
import { tenantsServer } from "./firewall/plan.ts";
import type { PlatformOutputs } from "./outputs.ts";
import type { PlatformTools } from "./tools.ts";

/** What others need to know of the platform. */
export function describe(
  settings: Settings,
  tools: PlatformTools,
  made: { template: PlatformOutputs["template"]; odooUid: number },
): PlatformOutputs {
  const { odoo, postgres, redis, traefik } = tools.images;
  const image = ({ ref, digest }: { ref: string; digest: string }) => ({ ref, digest });
  return {
    template: made.template,
    network: {
      name: `berth-${settings.env}-tenants`,
      bridge: `br-${settings.env}`,
      subnet: settings.tenantSubnet,
      gateway: gatewayOf(settings.tenantSubnet),
    },
    images: {
      odoo: { ...image(odoo), uid: made.odooUid },
      postgres: image(postgres),
      redis: image(redis),
      traefik: image(traefik),
    },
    postgres: tenantsServer(settings),
    redis: { port: settings.redisPort },
    traefik: { httpPort: settings.httpPort, adminPort: settings.traefikAdminPort, entryPoint },
    tools: Object.fromEntries(settings.tools.map((tool) => [tool, settings.toolPorts[tool]])),
  };
}
