import { symmetricDecrypt } from "better-auth/crypto";
import { createSecretsBox } from "../../control-plane/instance/secrets-box.ts";
import { deriveKeys } from "../../control-plane/keys.ts";
import type { Run } from "./run.ts";

/** What is made of the key file, and what better-auth keeps sealed by it. */
export async function noteKeys({ secrets, known, sql }: Run): Promise<void> {
  const keys = deriveKeys(known("key file"));
  const flat: Array<[string, Buffer]> = [
    ["key of requests' fingerprints", keys.user.idempotency],
    ["key of counters", keys.user.counts],
    ["key of identity", keys.user.identity],
    ["proof of the tenant service", keys.tenant.service],
    ["proof of the instance service", keys.instance.service],
    ["key of stacks' secrets", keys.instance.stackSecrets],
  ];
  for (const [name, bytes] of flat) {
    secrets.add(name, bytes.toString("base64url"));
    secrets.add(`${name}, in base64`, bytes.toString("base64"));
  }
  for (const { private_key } of await sql<{ private_key: string }>("auth", "select private_key from jwks")) {
    const text = await symmetricDecrypt({
      key: keys.user.identity.toString("base64"),
      data: JSON.parse(private_key),
    });
    secrets.add("signing key of service tokens", (JSON.parse(text) as { d: string }).d);
  }
}

/** Opens what is sealed of a tenant. */
export async function noteTenant(
  { secrets, known, sql }: Run,
  { tenant, database }: { tenant: { id: string; slug: string }; database: string },
): Promise<void> {
  const box = createSecretsBox(deriveKeys(known("key file")).instance.stackSecrets);
  const [row] = await sql<{ secrets: string }>(
    "instance",
    "select secrets from stacks where tenant_id = $1",
    [tenant.id],
  );
  const { production } = box.open(tenant.id, row?.secrets ?? "").instances;
  if (!production) throw new Error(`${tenant.slug} has no secrets.`);
  secrets.add(`database password of ${tenant.slug}`, production.databasePassword);
  // What is before is the same for all.
  secrets.add(
    `hash of the admin's password of ${tenant.slug}`,
    production.adminPasswordHash.split("$").slice(3).join("$"),
  );
  const [secret] = await sql<{ value: string }>(
    database,
    "select value from ir_config_parameter where key = 'database.secret'",
  );
  secrets.add(`Odoo's own secret of ${tenant.slug}`, secret?.value ?? "");
}
