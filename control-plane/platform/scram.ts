import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

const iterations = 4096;

/** PostgreSQL's SCRAM verifier of a password, so that the password itself never travels in a statement. */
export function verifier(password: string, salt = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const server = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${server}`;
}

/** True when the verifier that PostgreSQL keeps is that of the password. */
export function fits(password: string, kept: string | null): boolean {
  const salt = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(kept ?? "")?.[1];
  if (!kept || !salt) return false;
  const own = Buffer.from(verifier(password, Buffer.from(salt, "base64")));
  const other = Buffer.from(kept);
  return own.length === other.length && timingSafeEqual(own, other);
}
