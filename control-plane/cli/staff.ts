import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";
import { apiUrl } from "./api.ts";
import { ensureStaff, staffEmail } from "./ensure-staff.ts";
import { readIfThere } from "./read-if-there.ts";
import type { Say } from "./say.ts";

/** Makes the first staff account with an organisation and an API key, without a page, or checks that they are there. */
export async function staff(settings: Settings, say: Say): Promise<void> {
  await ensureStaff(settings, async (what, run) => (await say.part(what, run)).value);
  await saySignIn(settings, say);
}

/** Says how a person signs in as the account that this command line has made, and where the key is. */
export async function saySignIn(settings: Settings, say: Say): Promise<void> {
  const { staffPassword, apiKey } = dataPaths(settings.dataDir);
  if ((await readIfThere(staffPassword)) !== undefined) {
    say.line(`  staff     ${staffEmail(settings)}`);
    say.line(`  password  in ${staffPassword}`);
    say.line(`  sign in   POST ${apiUrl(settings)}/user/v1/sessions with both gives a token`);
  }
  say.line(`  API key   in ${apiKey}`);
}
