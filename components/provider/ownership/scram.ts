import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** A password as PostgreSQL keeps it: `SCRAM-SHA-256$<iterations>:<salt>$<stored>:<server>`. */
export function makeVerifier(password: string): string {
  const salt = randomBytes(16);
  const { stored, server } = keys(password, salt, iterations);
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${server}`;
}

/** Whether a password is the one behind a verifier. */
export function verifies(password: string, verifier: string): boolean {
  const match = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(verifier);
  if (match === null) return false;
  return keys(password, Buffer.from(match[2] ?? "", "base64"), Number(match[1])).stored === match[3];
}

const iterations = 4096;

function keys(password: string, salt: Buffer, rounds: number): { stored: string; server: string } {
  const salted = pbkdf2Sync(password, salt, rounds, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return { stored, server: hmac("Server Key").toString("base64") };
}
