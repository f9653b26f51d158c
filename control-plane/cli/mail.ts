import { toolsUser } from "../../components/platform/index.ts";
import { readSecret } from "../login.ts";
import { type Catcher, newestMail } from "../mail/caught.ts";
import { dataPaths } from "../paths.ts";
import type { Settings } from "../settings.ts";
import { DeadlineError, until } from "../until.ts";
import type { Say } from "./say.ts";

/** A mail goes out beside the answer of the request that caused it. */
const deadlineMs = 5_000;

/** Prints the newest mail to an address, where there is no mail server and mails are caught. Waits for it a moment. */
export async function mail(settings: Settings, say: Say, address: string): Promise<void> {
  const catcher = await catcherOf(settings);
  const text = await until(() => newestMail(catcher, address), {
    what: `a mail to ${address}`,
    deadlineMs,
    everyMs: 100,
  }).catch((error) => {
    if (error instanceof DeadlineError) throw new Error(`There is no mail to ${address}.`);
    throw error;
  });
  say.write(text);
}

async function catcherOf(settings: Settings): Promise<Catcher> {
  const paths = dataPaths(settings.dataDir);
  if (settings.smtpUrl === undefined) return { kind: "files", folder: paths.mail };
  const { hostname, port } = new URL(settings.smtpUrl);
  if (hostname !== "127.0.0.1" || Number(port) !== settings.toolPorts.smtp)
    throw new Error(`Mails are sent by ${hostname} (BERTH_SMTP_URL), and not kept here.`);
  const password = await readSecret(paths.toolsPassword);
  return { kind: "mailpit", port: settings.toolPorts.mailpit, user: toolsUser, password };
}
