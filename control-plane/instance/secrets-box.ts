import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { type StackSecrets, stackSecrets } from "./spec.ts";

/** Seals a stack's secrets under the key file, bound to the tenant they belong to. */
export interface SecretsBox {
  seal(tenantId: string, secrets: StackSecrets): string;
  /** Throws an Error when the key is another one, or the text was changed or is another tenant's. */
  open(tenantId: string, sealed: string): StackSecrets;
}

const version = "v1";

/** @param key what the key file holds: 32 bytes in base64 */
export function createSecretsBox(key: string): SecretsBox {
  const secret = deriveKey(key, "stack secrets");
  return {
    seal(tenantId, secrets) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", secret, nonce).setAAD(Buffer.from(tenantId));
      const text = Buffer.concat([cipher.update(JSON.stringify(secrets), "utf8"), cipher.final()]);
      return [
        version,
        nonce.toString("base64"),
        Buffer.concat([text, cipher.getAuthTag()]).toString("base64"),
      ].join(":");
    },
    open(tenantId, sealed) {
      const [was, nonce = "", rest = ""] = sealed.split(":");
      if (was !== version)
        throw new Error(`The secrets of ${tenantId} are sealed in a way this version does not know.`);
      const bytes = Buffer.from(rest, "base64");
      const decipher = createDecipheriv("aes-256-gcm", secret, Buffer.from(nonce, "base64"))
        .setAAD(Buffer.from(tenantId))
        .setAuthTag(bytes.subarray(-16));
      try {
        const text = Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
        return stackSecrets.parse(JSON.parse(text.toString("utf8")));
      } catch (error) {
        throw new Error(
          `The secrets of ${tenantId} cannot be opened: the key file is not the one they were sealed with, or they were changed.`,
          { cause: error },
        );
      }
    },
  };
}

/** A key of its own for each use of the key file. */
export function deriveKey(key: string, use: string): Buffer {
  const bytes = Buffer.from(key, "base64");
  if (bytes.length !== 32)
    throw new Error("The key file must hold 32 bytes in base64. Restore it from a backup.");
  return Buffer.from(hkdfSync("sha256", bytes, "", `berth ${use}`, 32));
}
