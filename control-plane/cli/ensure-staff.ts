import { randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { z } from "zod";
import { dataPaths } from "../paths.ts";
import { alone } from "../platform/lock.ts";
import type { Settings } from "../settings.ts";
import { writeOnce, writeWhole } from "../whole-file.ts";
import { type Api, ApiError, createApi, openApi } from "./api.ts";
import { everyItem } from "./every-item.ts";
import { firstStaffCode } from "./offer-first-staff.ts";
import { readIfThere } from "./read-if-there.ts";

/** Runs a part and says how long it took. */
export type Step = <T>(what: string, run: () => Promise<T>) => Promise<T>;

/** Days that the key works; the next run after them makes another. */
const keyDays = 366;

/**
 * Makes what the command line works with, where it is missing: the first staff account, an organisation of theirs, and a
 * key of theirs in the data folder. Every part is looked for before it is made, so that a run that was killed is finished by
 * the next one; two at once take turns.
 */
export async function ensureStaff(settings: Settings, step: Step): Promise<void> {
  if (await hasKey(settings)) return;
  await alone(
    settings.dataDir,
    () => undefined,
    async () => {
      if (await hasKey(settings)) return;
      const isMade = (await readIfThere(dataPaths(settings.dataDir).staffPassword)) !== undefined;
      const what = isMade ? "sign in to the staff account" : "make the staff account";
      const api = await step(what, () => signIn(settings));
      // Staff see all there are; in those of others they have no role.
      const organizations = await everyItem<{ role: string | null }>(api, "/user/v1/organizations");
      if (!organizations.some(({ role }) => role !== null))
        await step("make an organisation", () => api("POST", "/user/v1/organizations", { name: "Demo" }));
      await step("make an API key", async () => {
        const body = { name: "bin/berth", scope: "write", expiresInDays: keyDays };
        const { key } = await api<{ key: string }>("POST", "/user/v1/staff/api-keys", body);
        await writeWhole(dataPaths(settings.dataDir).apiKey, key);
      });
      await api("DELETE", "/user/v1/sessions/current");
    },
  );
}

/** The address of the account that {@link ensureStaff} makes. */
export function staffEmail({ domain }: Pick<Settings, "domain">): string {
  const own = `staff@${domain}`;
  return z.email().safeParse(own).success ? own : "staff@berth.example";
}

/** Whether there is a key that is good: not one that was revoked, has expired, or is of an older Berth. */
async function hasKey(settings: Settings): Promise<boolean> {
  if ((await readIfThere(dataPaths(settings.dataDir).apiKey)) === undefined) return false;
  const api = await openApi(settings);
  try {
    await api("GET", "/tenant/v1/tenants?limit=1");
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return false;
    throw error;
  }
}

/** Begins a session of the staff account, which is made if there is none. */
async function signIn(settings: Settings): Promise<Api> {
  const { staffPassword, firstStaffLink, apiKey } = dataPaths(settings.dataDir);
  const anybody = createApi(settings);
  const makeKeyYourself = `Sign in with it, make a key (POST /user/v1/staff/api-keys), and put it into ${apiKey}, readable by you alone.`;
  const email = staffEmail(settings);
  const session = async () => {
    const password = await readFile(staffPassword, "utf8");
    const { token } = await anybody<{ token?: string }>("POST", "/user/v1/sessions", { email, password });
    // The answer to the password alone of an account with two factors.
    if (token === undefined) throw new Error(`${email} has a second factor. ${makeKeyYourself}`);
    return createApi(settings, token);
  };
  // A run that was killed may have made it.
  const begun = (await readIfThere(staffPassword)) && (await session().catch(unless("sign_in_refused")));
  if (begun) return begun;
  const code = firstStaffCode(await readIfThere(firstStaffLink));
  const made = code && (await makeAccount({ code, email }).catch(unless("code_expired")));
  if (!made) {
    throw new Error(`There is a staff account already that is not of this command. ${makeKeyYourself}`);
  }
  await rm(firstStaffLink, { force: true });
  return session();

  async function makeAccount(account: { code: string; email: string }): Promise<unknown> {
    // Before it is asked for, so that a run that dies loses none.
    await writeOnce(staffPassword, randomBytes(18).toString("base64url"));
    const password = await readFile(staffPassword, "utf8");
    return anybody("POST", "/user/v1/staff-accounts", { ...account, name: "Staff", password });
  }
}

/** Gives `undefined` for a refusal with this code, and throws everything else. */
function unless(code: string) {
  return (error: unknown) => {
    if (error instanceof ApiError && error.code === code) return undefined;
    throw error;
  };
}
