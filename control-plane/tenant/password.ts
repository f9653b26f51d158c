import { pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);

/** Rounds for a password that a person chose: as Odoo 19 would take. About 0.3 s of one core. */
const chosenRounds = 600_000;
/**
 * Rounds for one of ours: 192 random bits cannot be guessed however cheap a guess is, and the wait for
 * 600,000 rounds would be a good part of a tenant's creation. Odoo hashes anew at the first login.
 */
const generatedRounds = 1_000;

export const shortestPassword = 10;
export const longestPassword = 256;

export interface AdminPassword {
  /** As Odoo keeps it: `$pbkdf2-sha512$<rounds>$<salt>$<checksum>`. */
  hash: string;
  /** Only when we made it: shown once, kept nowhere. */
  generated?: string;
}

/** Hashes the password somebody chose, or makes one. */
export async function adminPassword(chosen: string | undefined): Promise<AdminPassword> {
  if (chosen !== undefined) return { hash: await odooHash(chosen, chosenRounds) };
  const generated = randomBytes(24).toString("base64url");
  return { hash: await odooHash(generated, generatedRounds), generated };
}

async function odooHash(password: string, rounds: number): Promise<string> {
  const salt = randomBytes(16);
  const checksum = await derive(password, salt, rounds, 64, "sha512");
  return `$pbkdf2-sha512$${rounds}$${passlibBase64(salt)}$${passlibBase64(checksum)}`;
}

/** passlib's alphabet: "." for "+", no padding. */
function passlibBase64(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("+", ".").replaceAll("=", "");
}
