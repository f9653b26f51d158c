import { connect, createServer, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkFirewall } from "../../control-plane/platform/firewall/check.ts";
import { ensureFirewall } from "../../control-plane/platform/firewall/ensure.ts";
import { firewallPlan } from "../../control-plane/platform/firewall/plan.ts";
import { removeFirewall } from "../../control-plane/platform/firewall/remove.ts";
import { readPlatform } from "../../control-plane/platform/outputs.ts";
import { gatewayOf } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { run, settings } from "./support.ts";

const plan = firewallPlan(settings);
const gateway = gatewayOf(settings.tenantSubnet);
const inTenants = (last: number) => gateway.replace(/\d+$/, `${last}`);
const probe = `berth-${settings.env}-probe`;
const neighbour = `berth-${settings.env}-neighbour`;
const stranger = `berth-${settings.env}-stranger`;
/** A second machine: a network namespace with a private and a public address, reached through this host. */
const away = { name: `berth-${settings.env}`, private: "192.168.251.2", public: "45.45.45.45", port: 9999 };
const listening =
  'import http.server as h; h.HTTPServer(("0.0.0.0", 9999), h.SimpleHTTPRequestHandler).serve_forever()';
let host: Server;

/** From a tenant's container: which of these answer within a second. */
async function reach(
  targets: Record<string, [address: string, port: number]>,
): Promise<Record<string, boolean>> {
  const script = `
import concurrent.futures, json, socket, sys
def reach(target):
    try:
        socket.create_connection(target, timeout=1).close()
        return True
    except OSError:
        return False
targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    print(json.dumps(dict(zip(targets, pool.map(reach, [tuple(t) for t in targets.values()])))))`;
  return JSON.parse(await run("docker", ["exec", probe, "python3", "-c", script, JSON.stringify(targets)]));
}

beforeAll(async () => {
  const { images, network } = await readPlatform(settings.dataDir);
  const container = (name: string, address: string | undefined, script: string) => {
    const where = address ? ["--network", network.name, "--ip", address] : [];
    const options = [
      "--label",
      `berth.env=${settings.env}`,
      "--cap-drop",
      "ALL",
      "--init",
      "--entrypoint",
      "python3",
    ];
    return run("docker", ["run", "-d", "--name", name, ...where, ...options, images.odoo.ref, "-c", script]);
  };
  await container(probe, inTenants(201), "import time; time.sleep(3600)");
  await container(neighbour, inTenants(202), listening);
  await container(stranger, undefined, listening);
  // Something of the host's that listens on all addresses, as a careless service would.
  host = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => host.listen(settings.apiPort, "0.0.0.0", resolve));
  const ip = (...args: string[]) => run("ip", args);
  await ip("netns", "add", away.name);
  await ip("link", "add", "bt-host", "type", "veth", "peer", "name", "bt-away", "netns", away.name);
  await ip("addr", "add", "192.168.251.1/30", "dev", "bt-host");
  await ip("link", "set", "bt-host", "up");
  await ip("route", "add", `${away.public}/32`, "via", away.private);
  const inside = (...args: string[]) => ip("-n", away.name, ...args);
  await inside("addr", "add", `${away.private}/30`, "dev", "bt-away");
  await inside("addr", "add", `${away.public}/32`, "dev", "lo");
  await inside("link", "set", "lo", "up");
  await inside("link", "set", "bt-away", "up");
  await run("sh", ["-c", `ip netns exec ${away.name} python3 -c '${listening}' >/dev/null 2>&1 &`]);
  const listens = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(away.port, away.public, () => resolve(true)).on("error", () => resolve(false));
      socket.unref();
    });
  await until(listens, { what: "the other machine to listen", deadlineMs: 10_000, everyMs: 50 });
});

afterAll(async () => {
  await new Promise((resolve) => host.close(resolve));
  await run("docker", ["rm", "--force", probe, neighbour, stranger]);
  for (const pid of (await run("ip", ["netns", "pids", away.name])).split("\n").filter(Boolean)) {
    process.kill(Number(pid));
  }
  await run("ip", ["netns", "del", away.name]);
});

async function strangersAddress(): Promise<string> {
  return (await run("docker", ["inspect", "-f", "{{.NetworkSettings.IPAddress}}", stranger])).trim();
}

/** Addresses of this host that are not the tenants' gateway. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all
    .filter(({ family, internal, address }) => family === "IPv4" && !internal && address !== gateway)
    .map(({ address }) => address);
}

async function everything(): Promise<Record<string, [string, number]>> {
  return {
    ...Object.fromEntries(
      ownAddresses().map((address) => [`host at ${address}`, [address, settings.apiPort] as const]),
    ),
    "host at the gateway": [gateway, settings.apiPort],
    redis: [gateway, settings.redisPort],
    "traefik's admin port": [gateway, settings.traefikAdminPort],
    "another tenant": [inTenants(202), 9999],
    "another network's container": [await strangersAddress(), 9999],
    "a private address": [away.private, away.port],
    "the metadata service": ["169.254.169.254", 80],
  } as Record<string, [string, number]>;
}

const allowed: Record<string, [string, number]> = {
  postgres: [gateway, settings.postgresPort],
  traefik: [gateway, settings.httpPort],
  "traefik at another address of the host": [ownAddresses()[0] ?? "", settings.httpPort],
  "the internet": [away.public, away.port],
};

test("from a tenant's container PostgreSQL, Traefik and the internet answer, and nothing else does", async () => {
  expect(await checkFirewall(run, plan)).toEqual({ ok: true, problems: [] });
  expect(await reach(allowed)).toEqual(Object.fromEntries(Object.keys(allowed).map((name) => [name, true])));
  const denied = await everything();
  expect(await reach(denied)).toEqual(Object.fromEntries(Object.keys(denied).map((name) => [name, false])));
  // Nobody answers at these here, so what counts is that our rule took the packets.
  await reach({ metadata: ["169.254.169.254", 80], carrier: ["100.64.0.1", 80], lan: ["172.31.0.1", 80] });
  const counters = await run("iptables-save", ["-c", "-t", "filter"]);
  for (const range of ["169.254.0.0/16", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]) {
    const rule = new RegExp(`^\\[(\\d+):\\d+\\] -A BERTH-${settings.env}-FWD -d ${range} -j DROP$`, "m");
    expect(Number(rule.exec(counters)?.[1]), range).toBeGreaterThan(0);
  }
});

test("without the rules a tenant reaches what it must not: it is they that deny it", async () => {
  await removeFirewall(run, plan);
  try {
    const open = await reach({ host: [gateway, settings.apiPort], private: [away.private, away.port] });
    expect(open).toEqual({ host: true, private: true });
  } finally {
    await ensureFirewall(run, plan);
  }
  expect(await reach({ host: [gateway, settings.apiPort] })).toEqual({ host: false });
});

test("the check names what is missing, changed or out of place; ensure puts it right and leaves the rest alone", async () => {
  const name = `BERTH-${settings.env}`;
  const others = async () =>
    (await run("iptables-save", ["-t", "filter"]))
      .split("\n")
      .filter((line) => !line.includes(name) && !line.startsWith("#"));
  const before = await others();
  const iptables = (...args: string[]) => run("iptables", ["--wait", "10", ...args]);
  await iptables("-D", `${name}-FWD`, "-d", "10.0.0.0/8", "-j", "DROP");
  await iptables("-I", `${name}-IN`, "-p", "udp", "-j", "ACCEPT");
  await iptables("-D", "DOCKER-USER", "-i", plan.bridge, "-j", `${name}-FWD`);
  // A rule of somebody else that would decide before ours does.
  await iptables("-I", "INPUT", "1", "-p", "tcp", "--dport", `${settings.apiPort}`, "-j", "ACCEPT");
  const problems = [
    `iptables: the rule "-A ${name}-IN -p udp -j ACCEPT" does not belong there.`,
    `iptables: the rule "-A ${name}-FWD -d 10.0.0.0/8 -j DROP" is missing.`,
    `iptables: "-i ${plan.bridge} -j ${name}-IN" is not at its place in INPUT.`,
    `iptables: "-i ${plan.bridge} -j ${name}-FWD" is not at its place in DOCKER-USER.`,
  ];
  expect(await checkFirewall(run, plan)).toEqual({ ok: false, problems });
  expect(await ensureFirewall(run, plan)).toEqual(problems);
  expect(await checkFirewall(run, plan)).toEqual({ ok: true, problems: [] });
  expect(await ensureFirewall(run, plan)).toEqual([]);
  await iptables("-D", "INPUT", "-p", "tcp", "--dport", `${settings.apiPort}`, "-j", "ACCEPT");
  expect(await others()).toEqual(before);
});

test("environments that change the shared chains at the same time do not get in each other's way", async () => {
  const plans = [1, 2, 3].map((n) => ({
    ...plan,
    env: `${settings.env}${n}`,
    bridge: `br-${settings.env}${n}`,
  }));
  try {
    for (let round = 0; round < 10; round++) {
      await Promise.all(plans.map((one) => ensureFirewall(run, one)));
      await Promise.all(plans.map((one) => removeFirewall(run, one)));
    }
    await Promise.all(plans.map((one) => ensureFirewall(run, one)));
    for (const one of plans) expect(await checkFirewall(run, one)).toEqual({ ok: true, problems: [] });
    expect(await checkFirewall(run, plan)).toEqual({ ok: true, problems: [] });
  } finally {
    for (const one of plans) await removeFirewall(run, one);
  }
});

test("all rules gone, as after a restart of the machine: ensure brings them back in one go", async () => {
  await removeFirewall(run, plan);
  expect((await checkFirewall(run, plan)).problems).toContain(
    `iptables: the chain BERTH-${settings.env}-IN is missing.`,
  );
  await ensureFirewall(run, plan);
  expect(await checkFirewall(run, plan)).toEqual({ ok: true, problems: [] });
});
