import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Api, ApiError, openApi } from "../../control-plane/cli/api.ts";
import { projectRoot } from "../../control-plane/paths.ts";
import { createRun, type Run } from "../../control-plane/platform/run.ts";
import { parseSettings, type Settings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { testSettings } from "../support/platform.ts";

const exec = promisify(execFile);

/** An environment of its own, brought up by the product's own commands. */
export interface Lane {
  settings: Settings;
  env: Record<string, string | undefined>;
  berth(...args: string[]): Promise<string>;
  api: Api;
  run: Run;
  down(): Promise<void>;
}

export async function openLane(name: string): Promise<Lane> {
  const variables = { ...(await testSettings(name)).variables, BERTH_RESERVE: "2" };
  const settings = parseSettings(variables);
  // The plain CLI loads the program with every preview: compiled ahead that is a quarter quicker.
  const compiled = join(settings.cacheDir, "node-compile");
  const env = { ...process.env, ...variables, NODE_COMPILE_CACHE: compiled };
  const berth = async (...args: string[]) =>
    (await exec(join(projectRoot, "bin/berth"), args, { env, maxBuffer: 64 << 20 })).stdout;
  const down = async () => {
    try {
      await berth("stop");
    } finally {
      await berth("platform", "down", "--purge");
      await rm(settings.dataDir, { recursive: true, force: true });
    }
  };
  try {
    await berth("start");
    await berth("staff");
    return { settings, env, berth, api: await openApi(settings), run: createRun(env), down };
  } catch (error) {
    await down();
    throw error;
  }
}

export interface Asked {
  slug: string;
  tenantId: string;
  operation: string;
}

interface Answer {
  tenant: { id: string };
  operation: { id: string };
}

export async function create({ api }: Lane, slug: string): Promise<Asked> {
  const body = { slug, name: slug, admin: { email: "admin@faults.example" } };
  const { tenant, operation } = await api<Answer>("POST", "/tenant/v1/tenants", body);
  return { slug, tenantId: tenant.id, operation: operation.id };
}

export async function remove({ api }: Lane, { slug, tenantId }: Asked): Promise<Asked> {
  const { operation } = await api<Answer>("DELETE", `/tenant/v1/tenants/${slug}`);
  return { slug, tenantId, operation: operation.id };
}

/** Removes a tenant and waits until its slug is free. Gives how the removal ended. */
export async function removed(lane: Lane, asked: Asked): Promise<Ended> {
  const end = await ended(lane, await remove(lane, asked));
  if (end.status === "succeeded") await forgotten(lane, asked);
  return end;
}

/** Waits until a removed tenant is gone for the tenant service too. */
export async function forgotten({ api }: Lane, { slug }: Asked): Promise<void> {
  await until(
    () =>
      api("GET", `/tenant/v1/tenants/${slug}`).then(
        () => false,
        (error) => error instanceof ApiError && error.status === 404,
      ),
    { what: `the slug ${slug} to be free`, deadlineMs: 10_000, everyMs: 50 },
  );
}

interface Ended {
  status: string;
  error: { code: string; message: string } | null;
}

/** Waits for the end of an operation through whatever happens to the control plane in between. */
export function ended({ api }: Lane, { operation }: Pick<Asked, "operation">): Promise<Ended> {
  return until(
    async () => {
      const now = await api<Ended>("GET", `/instance/v1/operations/${operation}`).catch(() => undefined);
      return now && ["succeeded", "failed", "cancelled"].includes(now.status) ? now : undefined;
    },
    { what: `operation ${operation}`, deadlineMs: 240_000, everyMs: 100 },
  );
}
