import type { PlatformConfig } from "../../stacks/platform/contract.ts";
import { grafanaLeftOut } from "../../toolchain/setup.ts";
import { dataPaths } from "../paths.ts";
import { ensureSecrets } from "../secrets.ts";
import type { Settings } from "../settings.ts";
import { writeWhole } from "../whole-file.ts";
import { containerNames, noteApplied, stillApplied } from "./applied.ts";
import { refuseHalfRestored } from "./backup/restoring.ts";
import { noteBroughtUp } from "./brought-up.ts";
import { ensureDatabases } from "./databases.ts";
import { describe } from "./describe.ts";
import { containers, imageUser } from "./docker.ts";
import { ensureKeyChecks } from "./ensure-key-checks.ts";
import { ensureFirewall } from "./firewall/ensure.ts";
import { firewallPlan } from "./firewall/plan.ts";
import { type Inputs, inputsKey, makeInputs } from "./inputs.ts";
import { mustHaveKeys } from "./keys-at-hand.ts";
import { clearLeftovers } from "./leftovers.ts";
import { alone } from "./lock.ts";
import { findPlatform, type PlatformOutputs } from "./outputs.ts";
import { preflight } from "./preflight.ts";
import { ensureRoutesRoot } from "./redis.ts";
import { refuseHalfReset } from "./reset/resetting.ts";
import { createRun, type Run } from "./run.ts";
import { waitForServices } from "./services-up.ts";
import { PlatformStack } from "./stack.ts";
import { startParts, startTenants } from "./stopped.ts";
import { ensureTemplate } from "./template/ensure.ts";
import { withToolsThatThereAre } from "./tool-inputs.ts";
import type { PlatformTools, Progress } from "./tools.ts";
import { waitForTools } from "./tools-up.ts";

export interface PlatformArgs {
  settings: Settings;
  tools: PlatformTools;
  /** Environment for the docker and pulumi programs (PATH, DOCKER_HOST ...). */
  env: Record<string, string | undefined>;
  progress: Progress;
}

/**
 * Brings the platform of an environment up: secrets, containers, firewall, databases, template.
 * What is there already is only checked, which takes a second or two. Safe when two run at once.
 * Throws an Error that says what stands in the way and what to do.
 */
export async function bringUp(wanted: PlatformArgs): Promise<PlatformOutputs> {
  const args = { ...wanted, settings: withToolsThatThereAre(wanted.settings, wanted.tools) };
  const { settings, tools, env, progress } = args;
  if (settings !== wanted.settings) progress(grafanaLeftOut);
  await refuseHalfRestored(settings.dataDir);
  await refuseHalfReset(settings);
  await mustHaveKeys(settings.dataDir);
  await ensureSecrets(settings);
  const run = createRun(env);
  const waits = () => progress("another run works on this platform; waiting for it");
  return alone(settings.dataDir, waits, async () => {
    await bringPartsUp(args, run);
    await ensureRoutesRoot(settings);
    await ensureDatabases(settings);
    await ensureKeyChecks(settings);
    // Not before the firewall holds and PostgreSQL answers.
    await startTenants(run, settings, progress);
    const template = await ensureTemplate({ settings, tools, run, progress });
    const odooUid = await odooUser(run, settings.dataDir, tools.images.odoo);
    const outputs = describe(settings, tools, { template, odooUid });
    await writeWhole(dataPaths(settings.dataDir).platformOutputs, `${JSON.stringify(outputs, null, 2)}\n`);
    await waitForTools(settings, progress);
    return outputs;
  });
}

/**
 * Brings containers and the network up, or checks them, and waits until PostgreSQL, Redis and Traefik answer. The caller is alone
 * on this platform.
 */
export async function bringPartsUp(args: PlatformArgs, run: Run): Promise<void> {
  const { tools, env, progress } = args;
  const settings = withToolsThatThereAre(args.settings, tools);
  await noteBroughtUp(settings);
  const inputs = await makeInputs(settings, tools, run);
  const key = await inputsKey(inputs, tools);
  await guard(run, settings, progress);
  await startParts(run, settings, progress);
  if (await stillApplied(run, settings, key)) {
    progress("containers and network are there");
  } else {
    await preflight(settings, run, await containers(run, containerNames(settings)));
    const stack = new PlatformStack(settings, tools, run, env.PATH ?? "");
    progress("the platform's containers are brought up");
    await stack.open(await withUsers(run, inputs));
    await clearLeftovers(run, settings, await stack.ids());
    await stack.up(progress);
    await noteApplied(run, settings, key);
  }
  // Again, now that the engine has made its own rules for the network.
  await guard(run, settings, progress);
  await waitForServices(settings, 60_000);
}

async function guard(run: Run, settings: Settings, progress: Progress): Promise<void> {
  const wrong = await ensureFirewall(run, firewallPlan(settings));
  if (wrong.length > 0) progress(`firewall rules put in place (${wrong.length} were missing or changed)`);
}

async function withUsers(run: Run, inputs: Inputs): Promise<PlatformConfig> {
  const [postgres, redis] = await Promise.all([
    imageUser(run, inputs.postgres.image, "postgres"),
    imageUser(run, inputs.redis.image, "redis"),
  ]);
  return { ...inputs, postgres: { ...inputs.postgres, ...postgres }, redis: { ...inputs.redis, ...redis } };
}

/** Asked of the image once; after that it stands in the outputs. */
async function odooUser(run: Run, dataDir: string, image: { ref: string; digest: string }): Promise<number> {
  const known = await findPlatform(dataDir);
  if (known?.images.odoo.digest === image.digest) return known.images.odoo.uid;
  return Number((await imageUser(run, image.ref, "odoo")).uid);
}
