import { createInterface } from "node:readline/promises";
import { whyNotDevelopment } from "../development.ts";
import { bringPartsUp } from "../platform/bring-up.ts";
import { alone } from "../platform/lock.ts";
import { findPlatform } from "../platform/outputs.ts";
import { flush } from "../platform/redis.ts";
import { dropDatabases, removeCaughtMails, removeFiles, removeTenants } from "../platform/reset/empty.ts";
import { openWork } from "../platform/reset/open-work.ts";
import { reachedByOthers } from "../platform/reset/reached-by-others.ts";
import { endResetting, isHalfReset, noteResetting } from "../platform/reset/resetting.ts";
import { createRun } from "../platform/run.ts";
import { type Settings, withoutSecrets } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";
import { tools } from "./platform.ts";
import { stop } from "./stop.ts";
import { up } from "./up.ts";

type Args = CommandLine & { settings: Settings };

/**
 * Begins an environment of development anew: no tenants, no accounts, empty databases, Redis and state. Containers of the platform,
 * the template and the keys stay. Broken off, it is finished by running it again.
 */
export async function dbReset(args: Args, options: { yesDelete?: string }): Promise<void> {
  const { settings, say, env } = args;
  const isHalf = await isHalfReset(settings.dataDir);
  if (!isHalf && !(await findPlatform(settings.dataDir)))
    throw new Error(
      `"${settings.env}" was never brought up: there is nothing to reset. bin/berth up makes it.`,
    );
  await mustBeDevelopment(settings);
  const ready = await tools(args);
  const variables = withoutSecrets(env);
  const run = createRun(variables);
  const parts = { settings, tools: ready, env: variables };
  await confirm(args, options.yesDelete);
  const waits = () => say.line("  another run works on this environment; waiting for it");
  await alone(settings.dataDir, waits, async () => {
    await say.part("look at what is there", async (progress) => {
      // Somebody may have brought it up otherwise while a person was asked.
      await mustBeDevelopment(settings);
      await bringPartsUp({ ...parts, progress }, run);
      const host = await reachedByOthers(settings);
      if (host) throw refusal(settings, `others reach a tenant of it at ${host}`);
      const work = isHalf ? [] : await openWork(settings);
      if (work.length > 0)
        throw new Error(
          `"${settings.env}" is not reset while operations are under way: ${work.slice(0, 3).join(", ")}${work.length > 3 ? ` and ${work.length - 3} more` : ""}. Wait for them (bin/berth operations), or cancel them. Nothing was changed.`,
        );
    });
    await noteResetting(settings.dataDir);
    await stop(settings, say);
    await say.part("remove tenants' containers and files", async (detail) =>
      detail(`${await removeTenants(run, settings.env)} containers`),
    );
    await say.part("drop databases", async (detail) => detail(`${await dropDatabases(settings)} databases`));
    await say.part("empty Redis", () => flush(settings));
    await say.part("remove caught mails", () => removeCaughtMails(run, settings.env));
    await removeFiles(settings);
    // From here on a start finishes it.
    await endResetting(settings.dataDir);
  });
  await up(args);
  say.line(
    `"${settings.env}" is new: no tenants, no accounts but the staff's. The template and the key file were kept.`,
  );
}

async function mustBeDevelopment(settings: Settings): Promise<void> {
  const not = await whyNotDevelopment(settings);
  if (not) throw refusal(settings, not);
}

function refusal({ env }: Settings, why: string): Error {
  return new Error(`"${env}" is not reset: ${why}. Nothing was changed.`);
}

/** Asks a person to type the environment's name; a script says it ahead. */
async function confirm({ settings, say }: Args, said: string | undefined): Promise<void> {
  const refused = `"${settings.env}" is not reset. Nothing was changed.`;
  if (said !== undefined) {
    if (said === settings.env) return;
    throw new Error(`--yes-delete names "${said}", and this environment is "${settings.env}": ${refused}`);
  }
  if (!process.stdin.isTTY)
    throw new Error(
      `There is no terminal to ask on: say --yes-delete ${settings.env} to delete all its tenants and accounts. ${refused}`,
    );
  say.line(
    `This deletes every tenant, account, API key and caught mail of "${settings.env}". There is no way back.`,
  );
  const asks = createInterface({ input: process.stdin, output: process.stdout });
  try {
    // ctrl-C and ctrl-D are an answer, too.
    const answer = await asks.question(`Type the environment's name to go on: `).catch(() => {
      say.line("");
      return "";
    });
    if (answer.trim() !== settings.env) throw new Error(refused);
  } finally {
    asks.close();
  }
}
