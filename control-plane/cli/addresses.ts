import { toolsUser } from "../../components/platform/index.ts";
import { containerOf, type PartName } from "../part-names.ts";
import { dataPaths } from "../paths.ts";
import { containers } from "../platform/docker.ts";
import type { Run } from "../platform/run.ts";
import { toolsEmail } from "../platform/tool-inputs.ts";
import { apiHost, isOwnServer, type Settings } from "../settings.ts";
import type { Tool } from "../tool-names.ts";
import { apiUrl, serviceUrl } from "./api.ts";
import { staffEmail } from "./ensure-staff.ts";

/** Something of an environment that a person can open. */
export interface Address {
  what: string;
  /** Where it answers, or why it does not. */
  where: string;
  /** Who may sign in. */
  who: string;
  /** The file that holds the password, or how else one gets in. */
  how: string;
}

const thisMachine = "whoever is on this machine";

/** What an environment offers to a person, and how each is opened. Secrets are named by their files. */
export async function addresses(settings: Settings, run: Run): Promise<Address[]> {
  const paths = dataPaths(settings.dataDir);
  const port = settings.httpPort === 80 ? "" : `:${settings.httpPort}`;
  const server = new URL(settings.platformDatabaseUrl);
  const superuser = isOwnServer(settings, server) ? "postgres" : decodeURIComponent(server.username);
  const password = isOwnServer(settings, server)
    ? paths.postgresPassword
    : paths.loginPassword("provisioner");
  return [
    {
      what: "API",
      where: apiUrl(settings),
      who: staffEmail(settings),
      how: `password in ${paths.staffPassword}`,
    },
    { what: "", where: `http://${apiHost(settings)}${port}`, who: "an API key", how: `in ${paths.apiKey}` },
    ...(["user", "tenant", "instance"] as const).map((service, n) => ({
      what: n === 0 ? "its pages" : "",
      where: `${serviceUrl(settings, service)}/${service}/reference`,
      who: n === 0 ? "anybody" : "",
      how: "",
    })),
    {
      what: "tenants",
      where: `http://<slug>.${settings.domain}${port}`,
      who: "each tenant's own people",
      how: "the password that making the tenant has shown",
    },
    ...(await Promise.all(
      (["prometheus", "grafana", "pgadmin", "mailpit"] as const).map((tool) => ofTool(settings, run, tool)),
    )),
    {
      what: "Traefik",
      where: `http://127.0.0.1:${settings.traefikAdminPort}/api/http/routers`,
      who: thisMachine,
      how: "",
    },
    {
      what: "PostgreSQL",
      where: `${server.hostname}:${server.port || "5432"}`,
      who: superuser,
      how: `password in ${password}`,
    },
    {
      what: "Redis",
      where: `127.0.0.1:${settings.redisPort}`,
      who: "the default user",
      how: `password in ${paths.redisPassword}`,
    },
  ];
}

const tools: Record<Tool, { what: string; part: PartName; who(settings: Settings): string; path: string }> = {
  prometheus: { what: "Prometheus", part: "prometheus", who: () => thisMachine, path: "/" },
  grafana: { what: "Grafana", part: "grafana", who: () => toolsUser, path: "/" },
  pgadmin: { what: "pgAdmin", part: "pgadmin", who: toolsEmail, path: "/" },
  mailpit: { what: "Mailpit", part: "mailpit", who: () => toolsUser, path: "/" },
};

/** One of the tools: where it answers and how one gets in, or that it is not there and why. */
export async function ofTool(settings: Settings, run: Run, tool: Tool): Promise<Address> {
  const { what, part, who, path } = tools[tool];
  const missing = await whyMissing(settings, run, tool, part);
  if (missing) return { what, where: missing, who: "", how: "" };
  const user = who(settings);
  const at = `http://127.0.0.1:${settings.toolPorts[tool]}`;
  return {
    what,
    where: `${at}${tool === "prometheus" ? await prometheusPage(at, path) : path}`,
    who: user,
    how: user === thisMachine ? "" : `password in ${dataPaths(settings.dataDir).toolsPassword}`,
  };
}

/** Debian's Prometheus has its page apart, and at the usual place a word about that. */
async function prometheusPage(at: string, usual: string): Promise<string> {
  const classic = "/classic/graph";
  const response = await fetch(`${at}${classic}`, { signal: AbortSignal.timeout(2_000) }).catch(
    () => undefined,
  );
  return response?.ok ? classic : usual;
}

async function whyMissing(
  settings: Settings,
  run: Run,
  tool: Tool,
  part: PartName,
): Promise<string | undefined> {
  if (!settings.tools.includes(tool)) return "not here: BERTH_TOOLS leaves it out";
  const [found] = await containers(run, [containerOf(settings.env, part)]);
  if (!found && tool === "grafana") return "not here: its image cannot be had on this machine";
  if (!found) return "not here: the platform has no container of it";
  return found.running ? undefined : `does not run: bin/berth restart ${part}`;
}
