import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { type StackSecrets, stackSecrets } from "./spec.ts";

/** Seals a stack's secrets under the key file, bound to the tenant they belong to. */
export interface SecretsBox {
  seal(tenantId: string, secrets: StackSecrets): string;
  /** Throws an Error when the key is another one, or the text was changed or is another tenant's. */
  open(tenantId: string, sealed: string): StackSecrets;
}

const version = "v1";

/** @param secret 32 bytes, made of the key file */
export function createSecretsBox(secret: Buffer): SecretsBox {
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
