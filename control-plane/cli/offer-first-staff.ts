import { rm } from "node:fs/promises";
import { openDatabase } from "../database.ts";
import { readLogin } from "../login.ts";
import { createLog } from "../observability/log.ts";
import { dataPaths } from "../paths.ts";
import { alone } from "../platform/lock.ts";
import type { Settings } from "../settings.ts";
import { offerFirstStaff } from "../user/staff/first-staff-code.ts";
import { writeWhole } from "../whole-file.ts";
import { apiUrl } from "./api.ts";
import { readIfThere } from "./read-if-there.ts";

/**
 * While there is no staff account, keeps a link that makes the first one in a file of its owner only: what is printed ends
 * up in logs. The code is behind the #, so that no server logs it, either. Gives the file; `undefined` when there is one.
 */
export async function offerFirstStaffLink(settings: Settings): Promise<string | undefined> {
  const file = dataPaths(settings.dataDir).firstStaffLink;
  return alone(
    settings.dataDir,
    () => undefined,
    async () => {
      const code = await offer(settings, firstStaffCode(await readIfThere(file)));
      if (code === undefined) {
        await rm(file, { force: true });
        return undefined;
      }
      await writeWhole(file, `${apiUrl(settings)}/user/first-staff#${code}\n`);
      return file;
    },
  );
}

/** The code in a link. */
export function firstStaffCode(link: string | undefined): string | undefined {
  return link?.split("#")[1]?.trim();
}

async function offer(settings: Settings, known: string | undefined): Promise<string | undefined> {
  const database = openDatabase({
    login: await readLogin(settings, "auth_run", "auth"),
    name: "berth start",
    log: createLog({ ...settings, logLevel: "error" }, "start"),
    max: 1,
  });
  try {
    return await offerFirstStaff(database.db, known);
  } finally {
    await database.close();
  }
}
