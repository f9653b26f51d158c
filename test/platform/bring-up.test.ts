import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import { bringUp } from "../../control-plane/platform/bring-up.ts";
import { containers } from "../../control-plane/platform/docker.ts";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { purge, takeDown } from "../../control-plane/platform/take-down.ts";
import { serviceNames } from "../../control-plane/service-names.ts";
import { platformStackOutputs } from "../../stacks/platform/contract.ts";
import { testSettings } from "../support/platform.ts";
import { paths, platformArgs, run, settings } from "./support.ts";

const parts = ["postgres", "redis", "traefik"].map((part) => `berth-${settings.env}-${part}`);
const ids = async () => (await containers(run, parts)).map((one) => one.id).sort();

/** The plain CLI on the platform's stack, as an operator would run it. */
async function pulumi(...args: string[]): Promise<string> {
  const { tools } = await platformArgs();
  return run("pulumi", [...args, "--non-interactive", "--color", "never"], {
    cwd: join(projectRoot, "stacks/platform"),
    env: {
      PATH: `${tools.pulumi}:${process.env.PATH}`,
      PULUMI_HOME: paths.pulumiHome,
      PULUMI_BACKEND_URL: `file://${paths.platformState}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: paths.passphrase,
      PULUMI_STACK: settings.env,
      PULUMI_SKIP_UPDATE_CHECK: "1",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1",
    },
  });
}

test("a second run only checks, within two seconds", async () => {
  const args = await platformArgs();
  const before = await ids();
  const from = performance.now();
  const outputs = await bringUp(args);
  expect(performance.now() - from).toBeLessThan(2000);
  expect(args.told).toEqual([
    "containers and network are there",
    `the template ${outputs.template.name} is there`,
  ]);
  expect(await ids()).toEqual(before);
  expect(outputs).toEqual(await readPlatform(settings.dataDir));
});

test("the plain CLI sees no change, after a look at what is really there", async () => {
  await pulumi("preview", "--refresh", "--expect-no-changes", "--diff");
  const outputs = platformStackOutputs.parse(JSON.parse(await pulumi("stack", "output", "--json")));
  expect(outputs.postgres).toEqual({
    container: parts[0],
    host: outputs.network.gateway,
    port: settings.postgresPort,
  });
});

test("no secret is in the state, the config, a container's description, or a process's arguments and environment", async () => {
  const secrets = new Map<string, string>();
  const files = [
    ...(await readdir(paths.secrets)).map((name) => join(paths.secrets, name)),
    ...serviceNames.map((service) => paths.serviceFiles(service).keys),
  ];
  for (const name of files) {
    const text = (await readFile(name, "utf8")).trim();
    // A file of keys holds several.
    const parts = name.endsWith(".json")
      ? [...text.matchAll(/"([\w-]{43})"/g)].map(([, key = ""]) => key)
      : [text];
    for (const [i, part] of parts.entries()) secrets.set(`${name} ${i}`, part);
  }
  // 16 files of one each; five keys of the user service, three of the tenant's, four of the instance's.
  expect(secrets.size).toBe(16 + 5 + 3 + 4);
  const places = new Map<string, string>();
  places.set("docker inspect", await run("docker", ["inspect", ...parts]));
  places.set(
    "stack's config",
    await readFile(join(projectRoot, `stacks/platform/Pulumi.${settings.env}.yaml`), "utf8"),
  );
  for (const entry of await readdir(paths.platformState, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) places.set(entry.name, await readFile(join(entry.parentPath, entry.name), "utf8"));
  }
  for (const { pid, name } of await containers(run, parts)) {
    places.set(`arguments of ${name}`, await readFile(`/proc/${pid}/cmdline`, "utf8"));
    places.set(`environment of ${name}`, await readFile(`/proc/${pid}/environ`, "utf8"));
  }
  for (const [place, text] of places) {
    for (const [name, secret] of secrets) expect(text.includes(secret), `${name} in ${place}`).toBe(false);
  }
});

test("a container that was removed and one that was stopped by hand come back", async () => {
  await run("docker", ["rm", "--force", parts[1] ?? ""]);
  await run("docker", ["stop", parts[2] ?? ""]);
  await bringUp(await platformArgs());
  expect((await containers(run, parts)).map((one) => one.running)).toEqual([true, true, true]);
});

test("of two at once, one waits for the other", async () => {
  await run("docker", ["rm", "--force", parts[2] ?? ""]);
  const [one, two] = [await platformArgs(), await platformArgs()];
  await Promise.all([bringUp(one), bringUp(two)]);
  const waits = "another run works on this platform; waiting for it";
  expect([one, two].filter(({ told }) => told.includes(waits))).toHaveLength(1);
  expect((await containers(run, parts)).every((container) => container.running)).toBe(true);
});

test("a run that was killed in the middle of making things is finished by the next", async () => {
  const args = await platformArgs();
  await run("docker", ["rm", "--force", ...parts]);
  const url = (path: string) => JSON.stringify(new URL(`../../control-plane/${path}`, import.meta.url).href);
  const script = `
    import { bringUp } from ${url("platform/bring-up.ts")};
    await bringUp({ ...JSON.parse(process.argv[1]), env: process.env, progress: console.log });`;
  const input = JSON.stringify({ settings, tools: args.tools });
  const victim = spawn(process.execPath, ["--input-type=module", "-e", script, input], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => victim.once("exit", resolve));
  await new Promise<void>((resolve) =>
    victim.stdout.on(
      "data",
      (chunk) => String(chunk).includes("-container (container) created") && resolve(),
    ),
  );
  victim.kill("SIGKILL");
  await ended;
  await bringUp(args);
  expect((await containers(run, parts)).map((one) => one.running)).toEqual([true, true, true]);
  await pulumi("preview", "--refresh", "--expect-no-changes", "--diff");
});

test("stopped and brought up again, a tenant's container that ran runs again, and one that did not does not", async () => {
  const { images } = await readPlatform(settings.dataDir);
  const [ran, idle] = ["ran", "idle"].map((name) => `berth-${settings.env}-${name}`) as [string, string];
  const options = ["--label", `berth.env=${settings.env}`, "--entrypoint", "sleep"];
  await run("docker", ["run", "-d", "--init", "--name", ran, ...options, images.odoo.ref, "600"]);
  await run("docker", ["create", "--name", idle, ...options, images.odoo.ref, "600"]);
  await takeDown(await platformArgs());
  const all = [...parts, ran, idle];
  expect((await containers(run, all)).map((one) => one.running)).toEqual([false, false, false, false, false]);
  expect(await run("iptables-save", [])).not.toContain(`BERTH-${settings.env}-`);
  await bringUp(await platformArgs());
  expect((await containers(run, all)).map((one) => one.running)).toEqual([true, true, true, true, false]);
  await run("docker", ["rm", "--force", ran, idle]);
});

test("a taken port and a subnet in use are sentences that say what to set, and nothing is made", async () => {
  const { settings: other } = await testSettings("tp-ports");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(other.redisPort, "127.0.0.1", resolve));
  const args = { ...(await platformArgs()), settings: { ...other, tenantSubnet: settings.tenantSubnet } };
  const failure = await bringUp(args).then(
    () => "",
    (error: Error) => error.message,
  );
  await new Promise((resolve) => server.close(resolve));
  expect(failure).toContain(
    `Port ${other.redisPort} is taken by ${await processName()} (process ${process.pid}): end it, or set BERTH_REDIS_PORT to a free port.`,
  );
  expect(failure).toContain(
    `overlaps with ${settings.tenantSubnet} of Docker's network "berth-${settings.env}-tenants"`,
  );
  expect(failure).toContain("set BERTH_TENANT_SUBNET");
  expect(await run("docker", ["ps", "-aq", "--filter", "label=berth.env=tp-ports"])).toBe("");
  const { mail } = dataPaths(other.dataDir);
  await mkdir(mail, { recursive: true, mode: 0o700 });
  await writeFile(join(mail, "one.txt"), "To: ada@acme.example\n", { mode: 0o600 });
  await purge(args);
  await expect(readdir(other.dataDir), "nothing stays").rejects.toThrow(/ENOENT/);
});

async function processName(): Promise<string> {
  return (await readFile("/proc/self/comm", "utf8")).trim();
}
