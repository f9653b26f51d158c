import type { PartName } from "../control-plane/part-names.ts";

/** A project of vitest.config.ts, and which of its files: by how their path begins. */
type Tests = [project: string, ...files: string[]];

/** Files of the project `control-plane`. */
function about(...names: string[]): string[] {
  return names.map((name) => `test/control-plane/${name}`);
}

const image: Tests = ["toolchain", "test/toolchain/images.test.ts"];
const part: Tests = ["components", "test/components/platform.test.ts", "test/components/container.test.ts"];
const figures: Tests = ["control-plane", ...about("metrics")];
const tools: Tests = ["platform", "test/platform/tools"];
/** What is watched and what watches: rules, dashboards, and a real Prometheus beside tenants under load. */
const monitoring: Tests[] = [
  part,
  image,
  ["unit", "test/unit/monitoring", "test/unit/metrics"],
  ["toolchain", "test/toolchain/promtool", "test/toolchain/tools"],
  tools,
  ["monitoring", "test/monitoring"],
];
/** Of a tool with a page: that it comes up, and that a person gets in. */
const forPeople: Tests[] = [["toolchain", "test/toolchain/tools"], tools, ["newcomer", "test/newcomer"]];
const everyService: Tests = [
  "control-plane",
  ...about("health", "bad-input", "authorization", "separation", "openapi"),
];

/** What is run for one part (`make test-service SERVICE=...`): what is about it, and not all that may touch it. */
export const serviceTests: Record<PartName, Tests[]> = {
  "user-service": [
    ["unit", "test/unit/mail", "test/unit/origin", "test/unit/address-key"],
    everyService,
    [
      "control-plane",
      ...about("account", "api-keys", "better-auth", "failed-sign-ins", "impersonation", "invitations"),
      ...about("mail-limits", "members", "organization", "session", "staff", "supabase", "two-factor"),
    ],
  ],
  "tenant-service": [
    everyService,
    ["control-plane", ...about("tenants", "claims", "outbox", "catch-up", "organization-end", "idempotency")],
    figures,
  ],
  "instance-service": [
    everyService,
    ["control-plane", ...about("operations", "stacks", "queue", "streams", "pipeline", "check", "outside")],
    figures,
  ],
  provisioner: [
    ["unit", "test/unit/provisioner"],
    ["components", "test/components"],
    ["provisioner", "test/provisioner"],
    ["e2e", "test/e2e/metrics"],
  ],
  postgres: [
    part,
    image,
    ["unit", "test/unit/platform"],
    ["platform", "test/platform/databases", "test/platform/own-logins", "test/platform/template"],
  ],
  redis: [
    part,
    image,
    ["control-plane", ...about("redis-away", "session-storage")],
    ["platform", "test/platform/services"],
  ],
  traefik: [
    part,
    image,
    ["components", "test/components/route"],
    ["platform", "test/platform/services"],
    ["e2e", "test/e2e/traefik"],
  ],
  prometheus: monitoring,
  "postgres-exporter": monitoring,
  "redis-exporter": monitoring,
  "node-exporter": monitoring,
  grafana: [part, image, ["unit", "test/unit/monitoring"], tools],
  pgadmin: [part, image, ...forPeople],
  mailpit: [part, image, ["unit", "test/unit/mail"], ...forPeople],
};
