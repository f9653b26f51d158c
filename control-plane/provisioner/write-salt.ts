import { writeConfigFile } from "../../stacks/tenant/config-file.ts";

/** A config file with nothing but the salt, which `stack init` takes over. */
export async function writeSalt(workDir: string, tenantId: string, salt: string): Promise<void> {
  await writeConfigFile(workDir, tenantId, `encryptionsalt: ${salt}\n`);
}
