import { createCrypter } from "../stacks/tenant/crypter.ts";
import type { DatabaseLogin } from "./database.ts";
import { readCheck } from "./key-check.ts";

/** Setting of our databases by which a passphrase is known again. */
export const passphraseCheckSetting = "berth.passphrase_check";

/** Throws a sentence when a passphrase is not the one that the stacks were encrypted with. */
export async function mustBeOwnPassphrase(login: DatabaseLogin, passphrase: string): Promise<void> {
  const known = await readCheck(login, passphraseCheckSetting);
  if (known === undefined) return;
  await createCrypter(passphrase, known).catch((cause) => {
    throw new Error(
      `The provisioner does not start: the passphrase is not the one that the stacks were encrypted with. ${wrongPassphrase}`,
      { cause },
    );
  });
}

export const wrongPassphrase =
  "Put the right secrets/passphrase back into the data folder, from a backup (data/secrets/passphrase), and run bin/berth start. Nothing was changed.";
