import { access, readFile, stat } from "node:fs/promises";
import { dataPaths } from "../paths.ts";

const shortestPassphrase = 20;

/**
 * Refuses a data folder whose key or passphrase was lost, cut or opened to others since it was made. Called before
 * anything that is missing is made: another key over the same record would open nothing of it.
 */
export async function mustHaveKeys(dataDir: string): Promise<void> {
  const paths = dataPaths(dataDir);
  const isUsed = await access(paths.platformOutputs).then(
    () => true,
    () => false,
  );
  await mustBeWhole(
    paths.key,
    isUsed,
    (text) => Buffer.from(text, "base64").length === 32,
    "32 bytes in base64",
  );
  await mustBeWhole(paths.passphrase, isUsed, (text) => text !== "", "a passphrase");
  // What is sealed with a shorter one already must stay open.
  if (!isUsed) await mustBeHardToGuess(paths.passphrase);
}

/** What it is known again by can be read by every role of the server: who has that can try passphrases. */
async function mustBeHardToGuess(file: string): Promise<void> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined || text.trim().length >= shortestPassphrase) return;
  throw new Error(
    `The passphrase in ${file} is shorter than ${shortestPassphrase} characters. Remove the file, and Berth makes one that nobody guesses. Nothing was changed.`,
  );
}

async function mustBeWhole(
  file: string,
  isUsed: boolean,
  isWhole: (text: string) => boolean,
  what: string,
): Promise<void> {
  const restore = `Put the right one back from a backup (data/secrets/${file.slice(file.lastIndexOf("/") + 1)}). Nothing was changed.`;
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new Error(`The file ${file} cannot be read: ${error.message}. ${restore}`, { cause: error });
  });
  if (text === undefined) {
    // Of a folder that was never brought up it is made in a moment.
    if (isUsed) throw new Error(`The file ${file} is gone, and what it has sealed is not. ${restore}`);
    return;
  }
  if (!isWhole(text.trim())) throw new Error(`The file ${file} does not hold ${what}. ${restore}`);
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0)
    throw new Error(
      `The file ${file} may be read or written by others (mode ${(mode & 0o777).toString(8)}). Run chmod 600 ${file}, and think of who may have read it.`,
    );
}
