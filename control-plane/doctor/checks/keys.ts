import { readFile } from "node:fs/promises";
import { mustBeOwnKey } from "../../key-check.ts";
import { deriveKeys } from "../../keys.ts";
import { mustBeOwnPassphrase } from "../../passphrase-check.ts";
import { dataPaths } from "../../paths.ts";
import { refuseHalfRestored } from "../../platform/backup/restoring.ts";
import { mustHaveKeys } from "../../platform/keys-at-hand.ts";
import { refuseHalfReset } from "../../platform/reset/resetting.ts";
import { loginOf, whyNoDatabase } from "../bench.ts";
import type { Check } from "../finding.ts";

export const keys: Check = {
  name: "keys",
  async look(bench) {
    const { settings } = bench;
    const paths = dataPaths(settings.dataDir);
    try {
      await refuseHalfRestored(settings.dataDir);
      await refuseHalfReset(settings);
      await mustHaveKeys(settings.dataDir);
      const reason = whyNoDatabase(bench);
      if (reason) return { unknown: reason };
      const own = deriveKeys((await readFile(paths.key, "utf8")).trim());
      const passphrase = (await readFile(paths.passphrase, "utf8")).trim();
      await mustBeOwnKey("instance", await loginOf(bench, "instance_run", "instance"), own.instance);
      await mustBeOwnPassphrase(await loginOf(bench, "pulumi", "pulumi"), passphrase);
      return { well: "key and passphrase are those that the record was written with" };
    } catch (error) {
      // Each says in its sentence what is to be done.
      return [
        {
          status: "wrong",
          what: (error as Error).message,
          why: "Without the right ones nothing sealed in the record can be opened, and no stack's state read.",
          mend: "as said; docs/operators-guide.md, What must be kept safe",
        },
      ];
    }
  },
};
