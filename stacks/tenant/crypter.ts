import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

/**
 * Pulumi's passphrase secrets, so that no `pulumi config set` process is needed.
 * Salt: `v1:<salt>:<encrypted "pulumi">`; secret: `v1:<nonce>:<ciphertext and tag>`; all base64, AES-256-GCM.
 */
export interface Crypter {
  /** `encryptionsalt` of the stack's config file. */
  salt: string;
  encrypt(plain: string): string;
  /** Throws when the text was made with another passphrase or salt. */
  decrypt(ciphertext: string): string;
}

const iterations = 1_000_000;
const derive = promisify(pbkdf2);

/** A crypter for a stack: with a new salt, or with the one it has. Costs about 0.2 s of one core. */
export async function createCrypter(passphrase: string, salt?: string): Promise<Crypter> {
  const raw = salt === undefined ? randomBytes(8) : saltBytes(salt);
  const key = await derive(passphrase, raw, iterations, 32, "sha256");
  const crypter = {
    salt: salt ?? `v1:${raw.toString("base64")}:${encrypt(key, "pulumi")}`,
    encrypt: (plain: string) => encrypt(key, plain),
    decrypt: (ciphertext: string) => decrypt(key, ciphertext),
  };
  if (salt !== undefined) checkPassphrase(crypter);
  return crypter;
}

function saltBytes(salt: string): Buffer {
  const [version, raw] = salt.split(":");
  if (version !== "v1" || !raw)
    throw new Error("The stack's encryption salt is not one of Pulumi's (v1:...).");
  return Buffer.from(raw, "base64");
}

function checkPassphrase(crypter: Crypter): void {
  const check = crypter.salt.split(":").slice(2).join(":");
  if (crypter.decrypt(check) !== "pulumi") throw new Error("The passphrase does not fit the stack's salt.");
}

function encrypt(key: Buffer, plain: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

function decrypt(key: Buffer, ciphertext: string): string {
  const [version, nonce, sealed] = ciphertext.split(":");
  if (version !== "v1" || !nonce || !sealed)
    throw new Error("The ciphertext is not one of Pulumi's (v1:...).");
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return decipher.update(bytes.subarray(0, -16), undefined, "utf8") + decipher.final("utf8");
  } catch (cause) {
    throw new Error("The passphrase does not fit the stack's salt.", { cause });
  }
}
