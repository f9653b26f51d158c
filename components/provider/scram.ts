import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** A password as PostgreSQL keeps it: `SCRAM-SHA-256$<iterations>:<salt>$<stored>:<server>`. */
export function makeVerifier(password: string): string {
  const salt = randomBytes(16);
  const iterations = roundsFor(password);
  const { stored, server } = keys(password, salt, iterations);
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${server}`;
}

/** Whether a password is the one behind a verifier. */
export function verifies(password: string, verifier: string): boolean {
  const match = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(verifier);
  if (match === null) return false;
  return keys(password, Buffer.from(match[2] ?? "", "base64"), Number(match[1])).stored === match[3];
}

/**
 * Rounds make each guess dear, and each connection too, of which one tenant's creation opens two dozen. Ours are 192
 * random bits in 32 characters, which nobody guesses however cheap it is; what a person chose gets PostgreSQL's 4096.
 * Not fewer: Go's driver takes no number below 1000.
 */
export const fewRounds = 1000;

function roundsFor(password: string): number {
  return password.length < 32 ? 4096 : fewRounds;
}

function keys(password: string, salt: Buffer, rounds: number): { stored: string; server: string } {
  const salted = pbkdf2Sync(password, salt, rounds, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return { stored, server: hmac("Server Key").toString("base64") };
}
