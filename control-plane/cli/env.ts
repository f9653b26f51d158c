import { dirname } from "node:path";
import { configFile, writeConfigFile } from "../../stacks/tenant/config-file.ts";
import { createCrypter } from "../../stacks/tenant/crypter.ts";
import { stackName } from "../../stacks/tenant/names.ts";
import { openDatabase, type Queries } from "../database.ts";
import { findTenant } from "../instance/find-tenant.ts";
import { readStack } from "../instance/read-stack.ts";
import { createSecretsBox } from "../instance/secrets-box.ts";
import { deriveKeys } from "../keys.ts";
import { readLogin, readSecret } from "../login.ts";
import { createLog } from "../observability/log.ts";
import { dataPaths, projectRoot } from "../paths.ts";
import { readPlatform } from "../platform/outputs.ts";
import { stackConfig } from "../provisioner/stack-config.ts";
import { pulumiEnv } from "../pulumi-env.ts";
import type { Settings } from "../settings.ts";
import { apiUrl, keyMissing } from "./api.ts";
import type { CommandLine } from "./command-line.ts";
import { tools } from "./platform.ts";
import { readIfThere } from "./read-if-there.ts";
import { createSay } from "./say.ts";

/**
 * Prints `export` lines for an operator's shell, with no secret in them. With a slug it also writes the
 * stack's config file into the project's root (0600), made from the record: the control plane need not run.
 */
export async function printEnv(args: CommandLine & { settings: Settings }, slug?: string): Promise<void> {
  const { settings, env, say, node } = args;
  // Standard output is for eval: what set-up has to say goes to the other one.
  const aside = createSay((text) => process.stderr.write(text));
  const { pulumi } = await tools({ env, settings, say: aside });
  const { apiKey } = dataPaths(settings.dataDir);
  if ((await readIfThere(apiKey)) === undefined) aside.line(keyMissing(settings));
  const exports: Record<string, string> = {
    BERTH_URL: apiUrl(settings),
    BERTH_API_KEY_FILE: apiKey,
    ...pulumiEnv(settings, { bin: pulumi, node: dirname(node) }, env.PATH ?? ""),
  };
  if (slug !== undefined) exports.PULUMI_STACK = await writeStackConfig(settings, slug);
  for (const [name, value] of Object.entries(exports)) say.line(`export ${name}=${quote(value)}`);
}

/** Writes `Pulumi.<stack>.yaml` of a tenant. Gives the stack's full name. */
async function writeStackConfig(settings: Settings, slug: string): Promise<string> {
  const paths = dataPaths(settings.dataDir);
  const database = openDatabase({
    login: await readLogin(settings, "instance_run", "instance"),
    name: "berth env",
    log: createLog({ ...settings, logLevel: "error" }, "env"),
    max: 1,
  });
  try {
    const db: Queries = database.db;
    const box = createSecretsBox(deriveKeys(await readSecret(paths.key)).instance.stackSecrets);
    const stack = await readStack({ db, box }, await findTenant(db, slug));
    // Before that the config lacks the database's identity, by which `up` refuses to make an empty one.
    if (!stack.salt || !stack.readyAt) {
      throw new Error(
        `The tenant "${slug}" was not ready yet. Wait for its creation to end: bin/berth operations ${slug}`,
      );
    }
    const { encrypt, salt } = await createCrypter(await readSecret(paths.passphrase), stack.salt);
    const config = stackConfig(stack, { platform: await readPlatform(settings.dataDir), settings });
    await writeConfigFile(projectRoot, stack.tenantId, configFile({ config, salt, encrypt }));
    return stackName(stack.tenantId);
  } finally {
    await database.close();
  }
}

function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
