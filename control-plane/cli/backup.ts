import { backUp, inWords } from "../platform/backup/back-up.ts";
import { pgProgram } from "../platform/backup/pg-program.ts";
import { listDumps, verifyBackup } from "../platform/backup/verify.ts";
import { type Settings, withoutSecrets } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";
import { tools } from "./platform.ts";

type Args = CommandLine & { settings: Settings };

/** Writes a backup of the control plane, and says where it is and what is not in it. */
export async function backup(args: Args, target: string): Promise<void> {
  const { settings, env, say } = args;
  const ready = await tools(args);
  const { value: made } = await say.part("backup", (progress) =>
    backUp({ settings, tools: ready, env: withoutSecrets(env), progress }, target),
  );
  const { tenants, at } = made.manifest;
  say.line(
    `The control plane of "${settings.env}" as it was at ${at}, with the record of ${count(tenants)},`,
  );
  say.line(`is in ${made.file} (${inWords(made.bytes)}).`);
  say.line(
    "It holds every key and passphrase and is not encrypted: only its owner may read it. Keep it elsewhere.",
  );
  say.line("Tenants' own databases and files are not in it.");
}

/** Reads a backup from end to end and says what is in it. */
export async function verify(args: Args, file: string): Promise<void> {
  const { settings, env, say } = args;
  const variables = withoutSecrets(env);
  const ready = await tools(args);
  const manifest = await verifyBackup(variables, file);
  const pg = pgProgram(settings, ready.images.postgres.ref, variables);
  const dumps = await listDumps(variables, file, pg);
  const { place, at, berth, tenants, parts } = manifest;
  say.line(`${file} is whole: "${place.BERTH_ENV}" as it was at ${at}, by Berth ${berth}.`);
  for (const [name, objects] of dumps) say.line(`  database ${name}: ${objects} objects`);
  say.line(`  ${parts.length - dumps.size} files of the data folder`);
  say.line(`  the record of ${count(tenants)}`);
}

function count(tenants: unknown[]): string {
  return tenants.length === 1 ? "1 tenant" : `${tenants.length} tenants`;
}
