import { readSecret } from "../login.ts";
import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";
import { type Mailer, smtpMailer } from "./mailer.ts";

/** The environment's way to send mails. */
export async function openMailer(
  settings: Pick<Settings, "smtpUrl" | "mailFrom" | "dataDir">,
): Promise<Mailer> {
  const paths = dataPaths(settings.dataDir);
  if (!settings.smtpUrl) {
    const { catchingMailer } = await import("./catcher.ts");
    return catchingMailer({ folder: paths.mail, from: settings.mailFrom });
  }
  const wantsPassword = new URL(settings.smtpUrl).username !== "";
  const password = wantsPassword ? await readSecret(paths.serviceFiles("user").smtpPassword) : undefined;
  return smtpMailer({ url: settings.smtpUrl, password, from: settings.mailFrom });
}
