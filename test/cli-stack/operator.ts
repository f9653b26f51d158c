import { execFile } from "node:child_process";
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { odooLogin } from "../../control-plane/cli/odoo-login.ts";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { pulumiEnv } from "../../control-plane/pulumi-env.ts";
import { until } from "../../control-plane/until.ts";
import { configFile, writeConfigFile } from "../../stacks/tenant/config-file.ts";
import type { TenantConfigInput } from "../../stacks/tenant/contract.ts";
import { createCrypter } from "../../stacks/tenant/crypter.ts";
import { type InstanceNames, names, stackName } from "../../stacks/tenant/names.ts";
import type { TestPlatform } from "../support/platform.ts";

const exec = promisify(execFile);

interface Told {
  ok: boolean;
  /** Both streams: what an operator reads. */
  text: string;
}

/** A tenant as an operator with nothing but the pulumi command has it. */
export interface Tenant {
  id: string;
  host: string;
  login: string;
  password: string;
  names: InstanceNames;
  config: TenantConfigInput;
  /** Writes the config file again, after `config` was changed. */
  write(): Promise<void>;
  /** Runs `pulumi <args>` on the stack, in the project's root. */
  pulumi(...args: string[]): Promise<Told>;
  /** The same, and throws what was told when it fails. */
  must(...args: string[]): Promise<string>;
  /** Waits for the login page; gives its text. */
  ready(): Promise<string>;
  /** Logs in and writes a record, through Traefik. */
  writes(): Promise<void>;
  /** Removes stack and config file, whatever state they are in. */
  forget(): Promise<void>;
}

type Instance = TenantConfigInput["instances"][string];

/** Makes ids, secrets, config file and stack of a tenant; nothing of Odoo yet. */
export async function newTenant(
  test: TestPlatform,
  number: number,
  changes: { instance?: Partial<Instance>; owner?: Partial<Instance["owner"]> } = {},
): Promise<Tenant> {
  const { settings, platform, tools } = test;
  const id = `ten_t${randomBytes(8).toString("hex").slice(0, 15)}`;
  const host = `t${number}.localhost`;
  const login = `admin${number}@example.com`;
  const password = randomBytes(12).toString("hex");
  const config: TenantConfigInput = {
    version: 1,
    tenant: { id, slug: `t${number}`, revision: 1 },
    platform: {
      env: settings.env,
      network: platform.network.name,
      postgresHost: platform.postgres.host,
      postgresPort: platform.postgres.port,
      entryPoint: platform.traefik.entryPoint,
      dns: settings.tenantDns,
    },
    instances: {
      production: {
        address: platform.network.gateway.replace(/\.1$/, `.${number + 10}`),
        hosts: [host],
        database: { template: platform.template.name, password: randomBytes(24).toString("base64url") },
        odoo: { image: platform.images.odoo.ref, uid: platform.images.odoo.uid },
        owner: {
          login,
          passwordHash: odooHash(password),
          company: `Company ${number}`,
          baseUrl: `http://${host}`,
          ...changes.owner,
        },
        ...changes.instance,
      },
    },
  };
  const { pulumi: bin, node } = tools;
  const env = pulumiEnv(settings, { bin, node: dirname(node) }, process.env.PATH ?? "");
  const passphrase = (await readFile(dataPaths(settings.dataDir).passphrase, "utf8")).trim();
  const crypter = await createCrypter(passphrase);
  const port = settings.httpPort;
  const its = names(id, "production", settings.env);

  const run = async (variables: object, ...args: string[]): Promise<Told> => {
    const options = { cwd: projectRoot, env: { ...variables }, maxBuffer: 64 << 20, timeout: 240_000 };
    try {
      const { stdout, stderr } = await exec("pulumi", [...args, "--non-interactive"], options);
      return { ok: true, text: stdout + stderr };
    } catch (error) {
      const {
        stdout = "",
        stderr = "",
        message,
      } = error as { stdout?: string; stderr?: string; message: string };
      return { ok: false, text: stdout + stderr || message };
    }
  };
  const tenant: Tenant = {
    ...{ id, host, login, password, config, names: its },
    async write() {
      await writeConfigFile(projectRoot, id, configFile({ config, ...crypter }));
    },
    pulumi: (...args) =>
      run({ HOME: process.env.HOME, ...env, ...operatorEnv, PULUMI_STACK: stackName(id) }, ...args),
    async must(...args) {
      const { ok, text } = await tenant.pulumi(...args);
      if (!ok) throw new Error(`pulumi ${args.join(" ")} failed:\n${text}`);
      return text;
    },
    async ready() {
      let page = "";
      const answers = async () => {
        const answer = await throughTraefik(port, host, "/web/login").catch(() => undefined);
        page = answer?.body ?? "";
        return answer?.status === 200;
      };
      await until(answers, { what: `the login page of ${host}`, deadlineMs: 90_000, everyMs: 100 });
      return page;
    },
    async writes() {
      await tenant.ready();
      const uid = await odooLogin(port, host, { database: its.database, login, password });
      const values = [its.database, uid, password, "res.partner", "create", [{ name: "written" }]];
      const { body } = await throughTraefik(port, host, "/jsonrpc", {
        body: {
          jsonrpc: "2.0",
          method: "call",
          params: { service: "object", method: "execute_kw", args: values },
        },
        timeoutMs: 30_000,
      });
      if (!(JSON.parse(body) as { result?: number }).result)
        throw new Error(`${host} did not write: ${body}`);
    },
    async forget() {
      await tenant.pulumi("destroy", "--yes", "--skip-preview");
      await tenant.pulumi("stack", "rm", "--yes", "--force", stackName(id));
      await rm(join(projectRoot, `Pulumi.${id}.yaml`), { force: true });
    },
  };
  await tenant.must("stack", "init", stackName(id), "--no-select");
  await tenant.write();
  return tenant;
}

/** Variables that a test lays over every operator's shell. */
export const operatorEnv: Record<string, string> = {};

/** A password as Odoo keeps it, with fewer rounds than Odoo uses: Odoo makes more of them at the first login. */
function odooHash(password: string): string {
  const base64 = (bytes: Buffer) => bytes.toString("base64").replaceAll("+", ".").replace(/=+$/, "");
  const salt = randomBytes(16);
  return `$pbkdf2-sha512$1000$${base64(salt)}$${base64(pbkdf2Sync(password, salt, 1000, 64, "sha512"))}`;
}
