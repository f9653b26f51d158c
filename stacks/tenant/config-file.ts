import { randomUUID } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configKey, secretPaths, type TenantConfigInput } from "./contract.ts";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };

/**
 * Text of a stack's config file: `salt` is its `encryptionsalt`, `encrypt` makes Pulumi's ciphertext.
 * The same config gives the same text except for the ciphertexts, which carry a fresh nonce each.
 */
export function configFile(args: {
  config: TenantConfigInput;
  salt: string;
  encrypt: (plain: string) => string;
}): string {
  const sealed = seal(args.config as Json, [], args.encrypt);
  return toYaml(
    { encryptionsalt: args.salt, config: { [`${configKey.namespace}:${configKey.name}`]: sealed } },
    0,
  );
}

/** Writes `Pulumi.<stack>.yaml` into `dir`, mode 0600, whole or not at all. Returns its path. */
export async function writeConfigFile(dir: string, tenantId: string, text: string): Promise<string> {
  const path = join(dir, `Pulumi.${tenantId}.yaml`);
  const beside = `${path}.${randomUUID()}`;
  await writeFile(beside, text, { mode: 0o600 });
  await rename(beside, path);
  return path;
}

function seal(value: Json | undefined, path: string[], encrypt: (plain: string) => string): Json | undefined {
  if (typeof value === "string" && isSecret(path)) return { secure: encrypt(value) };
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, seal(inner, [...path, key], encrypt)]),
  );
}

function isSecret(path: string[]): boolean {
  return secretPaths.some(
    (secret) => secret.length === path.length && secret.every((part, i) => part === "*" || part === path[i]),
  );
}

// Keys and scalars as JSON strings are YAML too, so nothing needs quoting rules of its own.
function toYaml(value: { [key: string]: Json | undefined }, depth: number): string {
  const indent = "  ".repeat(depth);
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) =>
      inner !== null && typeof inner === "object" && !Array.isArray(inner) && Object.keys(inner).length > 0
        ? `${indent}${JSON.stringify(key)}:\n${toYaml(inner, depth + 1)}`
        : `${indent}${JSON.stringify(key)}: ${JSON.stringify(inner)}\n`,
    )
    .join("");
}
