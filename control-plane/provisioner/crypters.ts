import { type Crypter, createCrypter } from "../../stacks/tenant/crypter.ts";

/** Crypters by salt. Deriving a key costs 0.2 s of a core, so the last ones are kept. */
export interface Crypters {
  /** With a new salt. */
  create(): Promise<Crypter>;
  forSalt(salt: string): Promise<Crypter>;
}

const kept = 500;

export function createCrypters(passphrase: string): Crypters {
  const bySalt = new Map<string, Promise<Crypter>>();
  const keep = (salt: string, crypter: Promise<Crypter>) => {
    bySalt.set(salt, crypter);
    const [oldest] = bySalt.keys();
    if (bySalt.size > kept && oldest !== undefined) bySalt.delete(oldest);
    return crypter;
  };
  return {
    async create() {
      const crypter = await createCrypter(passphrase);
      return keep(crypter.salt, Promise.resolve(crypter));
    },
    forSalt(salt) {
      const known = bySalt.get(salt);
      if (known) return known;
      const made = keep(salt, createCrypter(passphrase, salt));
      made.catch(() => bySalt.delete(salt));
      return made;
    },
  };
}
