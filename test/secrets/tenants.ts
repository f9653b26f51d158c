import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { odooLogin } from "../../control-plane/cli/odoo-login.ts";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { until } from "../../control-plane/until.ts";
import { firstInstance, names } from "../../stacks/tenant/names.ts";
import type { Run } from "./run.ts";
import { noteTenant } from "./sealed.ts";

export interface Operation {
  id: string;
  kind: string;
  status: string;
  error: { message: string } | null;
}

export interface Made {
  tenant: { id: string; slug: string; url: string };
  operation: Operation;
  admin: { email: string; password: string };
  /** Of the request that asked for it. */
  requestId: string;
  container: string;
  database: string;
}

type Headers = Record<string, string>;
const quiet = "--non-interactive --color never";
const overs = ["succeeded", "failed", "cancelled"];

/** What becomes of tenants, by the services, by Odoo itself and by the plain pulumi command. */
export function tenantsOf(run: Run) {
  const { recorder, secrets, sql, shell, docker } = run;

  const ended = (id: string, headers: Headers) =>
    until(
      async () => {
        const answer = await recorder.call("GET", `/instance/v1/operations/${id}`, undefined, headers);
        const now = answer.status === 200 ? answer.json<Operation>() : undefined;
        return now && overs.includes(now.status) ? now : undefined;
      },
      { what: `operation ${id}`, deadlineMs: 300_000, everyMs: 250 },
    );
  /** Asks for an operation and waits for its end. */
  const asked = async (status: string, headers: Headers, method: string, path: string, body?: unknown) => {
    const { body: answer } = await recorder.expect<{ operation?: Operation } & Operation>(
      202,
      method,
      path,
      body,
      headers,
    );
    const operation = await ended((answer.operation ?? answer).id, headers);
    if (operation.status !== status) throw new Error(`${method} ${path}: ${JSON.stringify(operation)}`);
    operations.push(operation);
    return operation;
  };
  const operations: Operation[] = [];

  return {
    operations,
    async create(
      slug: string,
      headers: Headers,
      { password, organization }: { password?: string; organization?: string | undefined },
    ): Promise<Made> {
      const body = { slug, name: slug, organization, admin: { email: `admin@${slug}.example`, password } };
      const answer = await recorder.expect<Pick<Made, "tenant" | "operation" | "admin">>(
        202,
        "POST",
        "/tenant/v1/tenants",
        body,
        { ...headers, "idempotency-key": `create-${slug}` },
      );
      const { tenant, admin } = answer.body;
      if (password === undefined) {
        secrets.add(`generated password of ${slug}'s admin`, admin.password);
        answer.shows(`generated password of ${slug}'s admin`);
      }
      const operation = await ended(answer.body.operation.id, headers);
      if (operation.status !== "succeeded") throw new Error(`${slug}: ${JSON.stringify(operation)}`);
      const its = names(tenant.id, firstInstance, run.settings().env);
      const made: Made = {
        tenant,
        operation,
        admin: { email: body.admin.email, password: password ?? admin.password },
        requestId: answer.headers.get("x-request-id") ?? "",
        container: its.container,
        database: its.database,
      };
      await noteTenant(run, made);
      // The same again: what is kept of an answer has nothing that is shown once.
      await recorder.call("POST", "/tenant/v1/tenants", body, {
        ...headers,
        "idempotency-key": `create-${slug}`,
      });
      return made;
    },
    /** Logs in by JSON-RPC and by the page, with the right password and with another. */
    async logIn({ tenant, database, admin }: Made): Promise<void> {
      const { httpPort } = run.settings();
      const host = new URL(tenant.url).hostname;
      const login = { database, login: admin.email, password: admin.password };
      await odooLogin(httpPort, host, login);
      await odooLogin(httpPort, host, { ...login, login: "nobody" }).catch(() => undefined);
      const answer = await throughTraefik(httpPort, host, "/web/login");
      recorder.keep(`GET ${host}/web/login`, {
        status: answer.status,
        headers: new Headers(Object.entries(answer.headers).map(([name, value]) => [name, `${value}`])),
        text: answer.body,
      });
    },
    change: ({ tenant }: Made, headers: Headers) =>
      recorder.expect(200, "PATCH", `/tenant/v1/tenants/${tenant.slug}`, { name: "Other Ltd" }, headers),
    /** Has one of Pulumi's plugins die in the way in which it says most: with a trace of all it did. */
    async killPlugin(): Promise<void> {
      const ours = async (pid: string) => {
        const read = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
        const isPlugin = (await read("cmdline")).split("\0")[0]?.endsWith("/pulumi-resource-docker");
        return isPlugin && (await read("environ")).includes(run.paths.dataDir);
      };
      const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
      const found = await Promise.all(pids.map(async (pid) => ((await ours(pid)) ? [Number(pid)] : [])));
      const [pid] = found.flat();
      if (pid === undefined) throw new Error("No worker of this environment has a plugin.");
      process.kill(pid, "SIGQUIT");
      await until(
        async () =>
          (await readFile(join(run.paths.log, "provisioner.log"), "utf8")).includes("a plugin died"),
        {
          what: "the plugin's death to be logged",
          deadlineMs: 15_000,
          everyMs: 50,
        },
      );
    },
    check: ({ tenant }: Made, headers: Headers) =>
      asked("succeeded", headers, "POST", `/instance/v1/tenants/${tenant.slug}/check`),
    /** Has the tenant's database be lost: what is asked for then fails, and fails once more when it is tried again. */
    async lose({ tenant, container, database }: Made, headers: Headers): Promise<void> {
      await docker("stop", container);
      await sql("postgres", `DROP DATABASE ${database} WITH (FORCE)`);
      const path = `/instance/v1/tenants/${tenant.slug}/instances/${firstInstance}/restart`;
      const failed = await asked("failed", headers, "POST", path);
      await asked("failed", headers, "POST", `/instance/v1/operations/${failed.id}/retry`);
    },
    remove: ({ tenant }: Made, headers: Headers) =>
      asked("succeeded", headers, "DELETE", `/tenant/v1/tenants/${tenant.slug}`),
    async cli({ tenant }: Made): Promise<void> {
      for (const command of [
        `pulumi preview ${quiet} --diff`,
        `pulumi refresh --yes ${quiet} --diff`,
        `pulumi up --yes ${quiet} --diff`,
        `pulumi stack output --json; pulumi stack history --json; pulumi config --json`,
        "pulumi stack export",
        'PULUMI_BACKEND_URL="file://$BERTH_DATA_DIR/platform-state" pulumi -C stacks/platform stack export --stack "$BERTH_ENV"',
        "pulumi stack --show-urns --show-ids",
      ]) {
        const { code, output } = await shell(`eval "$(bin/berth env ${tenant.slug})"; ${command}`);
        if (code !== 0) throw new Error(`${command}: ${output}`);
      }
      // Asked for by name, which is the one way to see them; not kept with what commands said.
      run.shown = await run.quietly(
        `eval "$(bin/berth env ${tenant.slug})"; pulumi stack export --show-secrets`,
      );
    },
  };
}
