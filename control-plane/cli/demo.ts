import { randomBytes } from "node:crypto";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";
import { until } from "../until.ts";
import { writeOnce } from "../whole-file.ts";
import { type Api, ApiError, openApi } from "./api.ts";
import { ensureStaff } from "./ensure-staff.ts";
import { odooLogin } from "./odoo-login.ts";
import type { Say } from "./say.ts";
import { saySignIn } from "./staff.ts";
import { throughTraefik } from "./through-traefik.ts";

const slug = "demo";
const email = "admin@demo.example";

interface Tenant {
  id: string;
  status: string;
  url: string;
}
interface Operation {
  id: string;
  status: string;
  error: { message: string } | null;
}

/**
 * Makes a staff account, an organisation and a key, creates the tenant `demo`, waits until a person could log in, and
 * proves the password once. On a machine that has it all already it only checks.
 */
export async function demo(settings: Settings, say: Say): Promise<void> {
  const times: Array<[string, number]> = [];
  const timed = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    const { value, seconds } = await say.part(what, run);
    times.push([what, seconds]);
    return value;
  };

  await ensureStaff(settings, timed);
  const api = await openApi(settings);
  const found = await find(api);
  if (found) say.line(`The tenant "${slug}" is already there (${found.status}); it is only checked.`);
  else await timed("create the tenant", () => create(settings, api));
  await takePassword(settings);
  let tenant = await find(api);
  if (tenant && onTheWay.includes(tenant.status)) {
    tenant = await timed("wait for the tenant", () => settled(api));
  }
  if (tenant?.status !== "ready") {
    throw new Error(
      `The tenant "${slug}" is ${tenant?.status ?? "gone"}. See what happened with: bin/berth operations ${slug}. Then try again (POST /instance/v1/operations/{id}/retry) or remove it (DELETE /tenant/v1/tenants/${slug}), and run this once more.`,
    );
  }
  const host = new URL(tenant.url).hostname;
  await timed("login page through Traefik", () => loginPage(settings, host));
  const password = await readFile(passwordFile(settings), "utf8").catch(() => undefined);
  if (password) {
    await timed("log in by JSON-RPC", () =>
      odooLogin(settings.httpPort, host, { database: `${tenant.id}_production`, login: email, password }),
    );
  }
  say.line("");
  for (const [what, seconds] of times) say.line(`  ${`${seconds.toFixed(2)} s`.padStart(10)}  ${what}`);
  say.line("");
  say.line(`  ${tenant.url}`);
  say.line(`  login     ${email}`);
  say.line(
    password
      ? `  password  in ${passwordFile(settings)}`
      : "  password  was shown when the tenant was created",
  );
  say.line("");
  say.line("  The control plane:");
  await saySignIn(settings, say);
}

function passwordFile(settings: Settings): string {
  return join(dataPaths(settings.dataDir).secrets, "demo-password");
}

const nextPasswordFile = (settings: Settings) => `${passwordFile(settings)}.next`;

/**
 * The password of the tenant to be created, in a file of its owner only: before it is asked for, so that a run that
 * dies loses none, and one for all runs that ask at the same time.
 */
async function nextPassword(settings: Settings): Promise<string> {
  const file = nextPasswordFile(settings);
  await writeOnce(file, randomBytes(12).toString("base64url"));
  return readFile(file, "utf8");
}

/** Puts the password of the tenant that is there now in its place, so that a later run can prove the login again. */
async function takePassword(settings: Settings): Promise<void> {
  await rename(nextPasswordFile(settings), passwordFile(settings)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/** Statuses that end by themselves. */
const onTheWay = ["pending", "creating", "changing", "deleting"];

function settled(api: Api): Promise<Tenant | undefined> {
  return until(
    async () => {
      const tenant = await find(api);
      return tenant && onTheWay.includes(tenant.status) ? undefined : { tenant };
    },
    { what: `the tenant "${slug}"`, deadlineMs: 300_000, everyMs: 50 },
  ).then(({ tenant }) => tenant);
}

async function find(api: Api): Promise<Tenant | undefined> {
  try {
    return (await api<{ tenant: Tenant }>("GET", `/tenant/v1/tenants/${slug}`)).tenant;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Asks for the tenant and waits for the end of the work, unless another run was quicker. */
async function create(settings: Settings, api: Api): Promise<void> {
  const body = { slug, name: "Demo", admin: { email, password: await nextPassword(settings) } };
  const asked = await api<{ operation: Operation }>("POST", "/tenant/v1/tenants", body).catch((error) => {
    if (error instanceof ApiError && error.code === "slug_taken") return undefined;
    throw error;
  });
  if (!asked) return;
  const ended = await until(
    async () => {
      // The operation is taken over by the instance service a moment after the answer.
      const path = `/instance/v1/operations/${asked.operation.id}`;
      const current = await api<Operation>("GET", path).catch((error) => {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      });
      return current && ["succeeded", "failed", "cancelled"].includes(current.status) ? current : undefined;
    },
    { what: `the tenant "${slug}" to be ready`, deadlineMs: 300_000, everyMs: 50 },
  );
  if (ended.status !== "succeeded") {
    throw new Error(`The tenant "${slug}" was not created: ${ended.error?.message ?? ended.status}`);
  }
}

async function loginPage(settings: Settings, host: string): Promise<void> {
  await until(
    async () => {
      const answer = await throughTraefik(settings.httpPort, host, "/web/login").catch(() => undefined);
      return answer?.status === 200;
    },
    { what: `http://${host}/web/login`, deadlineMs: 60_000, everyMs: 50 },
  );
}
