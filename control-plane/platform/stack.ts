import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { PlatformConfig } from "../../stacks/platform/contract.ts";
import { createCrypter } from "../../stacks/tenant/crypter.ts";
import { linkPlugins } from "../../toolchain/link-plugins.ts";
import { dataPaths, projectRoot } from "../paths.ts";
import type { Settings } from "../settings.ts";
import { writeWhole } from "../whole-file.ts";
import { CommandError, type Run } from "./run.ts";
import type { PlatformTools, Progress } from "./tools.ts";

const projectDir = join(projectRoot, "stacks", "platform");

/** The platform's own stack, driven by the plain CLI; its state is in files of the data folder. */
export class PlatformStack {
  readonly #settings: Settings;
  readonly #run: Run;
  readonly #env: Record<string, string | undefined>;
  readonly #tools: PlatformTools;

  constructor(settings: Settings, tools: PlatformTools, run: Run, path: string) {
    const paths = dataPaths(settings.dataDir);
    this.#settings = settings;
    this.#run = run;
    this.#tools = tools;
    this.#env = {
      PATH: [tools.pulumi, dirname(process.execPath), path].join(":"),
      PULUMI_HOME: paths.pulumiHome,
      PULUMI_BACKEND_URL: `file://${paths.platformState}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: paths.passphrase,
      PULUMI_STACK: settings.env,
      PULUMI_SKIP_UPDATE_CHECK: "1",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1",
      PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: "1",
      // An operator's shell may carry these for another stack.
      PULUMI_CONFIG_PASSPHRASE: undefined,
      PULUMI_DEBUG_PROVIDERS: undefined,
    };
  }

  /**
   * Writes the config and makes the stack where there is none. The caller holds the platform's lock, so a lock
   * in the state is a dead run's and is taken away.
   */
  async open(config: PlatformConfig): Promise<void> {
    await linkPlugins(dataPaths(this.#settings.dataDir).pulumiHome, this.#tools);
    await this.#writeConfig(config);
    await this.#pulumi(["stack", "select", "--create", this.#settings.env]);
    await this.#pulumi(["cancel", "--yes", this.#settings.env]);
  }

  /** Makes what the config asks for, after a look at what is really there. */
  async up(progress: Progress): Promise<void> {
    await this.#lookAround();
    await this.#pulumi(["up", "--yes", "--skip-preview", "--suppress-outputs"], (line) => {
      const done = /^\s*\S+\s+docker:index:(\w+)\s+(\S+)\s+(created|updated|replaced|deleted)\b/.exec(line);
      if (done) progress(`${done[2]} (${done[1]?.toLowerCase()}) ${done[3]}`);
    });
  }

  /** Ids of everything the state knows, for telling a leftover from a part. */
  async ids(): Promise<Set<string>> {
    const state = z.object({
      deployment: z.object({ resources: z.array(z.object({ id: z.string().optional() })).optional() }),
    });
    const resources =
      state.parse(JSON.parse(await this.#pulumi(["stack", "export"]))).deployment.resources ?? [];
    return new Set(resources.flatMap((resource) => (resource.id ? [resource.id] : [])));
  }

  /** Removes everything but the volumes, which the caller removes if it means to. */
  async destroy(): Promise<void> {
    await this.#lookAround();
    await this.#pulumi(["destroy", "--yes", "--skip-preview"]);
    await this.#pulumi(["stack", "rm", "--yes", this.#settings.env]);
    await rm(this.#configPath(), { force: true });
  }

  async #lookAround(): Promise<void> {
    await this.#pulumi(["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]);
  }

  async #writeConfig(config: PlatformConfig): Promise<void> {
    const paths = dataPaths(this.#settings.dataDir);
    const saltFile = join(this.#settings.dataDir, "platform", "encryption-salt");
    let salt = await readFile(saltFile, "utf8").catch(() => undefined);
    if (!salt) {
      salt = (await createCrypter((await readFile(paths.passphrase, "utf8")).trim())).salt;
      await writeWhole(saltFile, salt);
    }
    // JSON is YAML.
    const text = JSON.stringify(
      { encryptionsalt: salt, config: { "berth-platform:platform": config } },
      null,
      2,
    );
    await writeWhole(this.#configPath(), `${text}\n`);
  }

  #configPath(): string {
    return join(projectDir, `Pulumi.${this.#settings.env}.yaml`);
  }

  async #pulumi(args: string[], onLine?: (line: string) => void): Promise<string> {
    try {
      const options = { cwd: projectDir, env: this.#env, onLine };
      return await this.#run("pulumi", [...args, "--non-interactive", "--color", "never"], options);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const reasons = [...error.output.matchAll(/^\s*(?:error|Error):\s*(.+)$/gm)].map((match) => match[1]);
      const why = reasons.length > 0 ? [...new Set(reasons)].join(" ") : error.message;
      throw new CommandError(`The platform stack did not come up (pulumi ${args[0]}): ${why}`, error.output);
    }
  }
}
