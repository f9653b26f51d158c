import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, expect, inject, test } from "vitest";
import { dataPaths } from "../../control-plane/paths.ts";
import { type ServiceName, serviceNames } from "../../control-plane/service-names.ts";
import { serviceUsers } from "../../control-plane/service-users.ts";
import { ownLogins } from "../../control-plane/service-variables.ts";
import { parseSettings } from "../../control-plane/settings.ts";
import { table } from "../support/table.ts";
import { docker, nameOf } from "./containers.ts";
import { type Found, probeContainer, probeProcess, type Tries, triesOf } from "./probe-inside.ts";
import { type Supervised, supervised } from "./supervised.ts";

const variables = inject("berthEnv");
const settings = parseSettings(variables);
const paths = dataPaths(settings.dataDir);

const headings = [
  "process",
  "user",
  "rights",
  "engine",
  "files",
  "writes",
  "admin or other login",
  "other database",
  "as admin",
];
const rows: string[][] = [];
afterAll(() => {
  console.log(
    ["What a process that faces the network is refused, tried from inside:", table(headings, rows)].join(
      "\n",
    ),
  );
});

/** What the kernel says of a process: who it is, and what it may. */
function statusOf(pid: number) {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  const line = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
  return {
    user: line("Uid").split(/\s+/),
    group: line("Gid").split(/\s+/),
    groups: line("Groups"),
    rights: ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((name) => line(name)),
    noNewPrivileges: line("NoNewPrivs"),
  };
}

/** Files, folders and sockets by name that a process has open. */
function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    .filter((name) => name.startsWith("/") && !name.startsWith("/dev/"));
}

const none = "0000000000000000";
const only = (codes: string[]) => [...new Set(codes)].toSorted().join(" ");

/** Holds what was found against what may be, and adds a line to the table. */
function judge(what: string, pid: number, user: number, tries: Tries, found: Found, holders: string[]) {
  expect(statusOf(pid)).toEqual({
    user: Array(4).fill(`${user}`),
    group: Array(4).fill(`${user}`),
    groups: what.includes("container") ? `${user}` : "",
    rights: Array(5).fill(none),
    noNewPrivileges: "1",
  });
  expect(found.becomesRoot).toBe("EPERM");
  for (const results of [found.files, found.sockets, found.writes, found.signals])
    expect(results).not.toContain("done");
  expect(found.sockets).not.toContain("connected");
  expect(found.holders).toEqual(holders.toSorted());
  const others = found.logins.filter((_, i) => tries.logins[i]?.database === "postgres" && !isOwn(tries, i));
  const elsewhere = found.logins.filter((_, i) => isOwn(tries, i) && !tries.logins[i]?.run);
  const asAdmin = found.logins.filter((_, i) => tries.logins[i]?.run);
  expect(only(others), "logins with a password that is not theirs").toBe("28P01");
  expect(only(elsewhere), "its own login in other databases").toBe("42501");
  expect(only(asAdmin), "its own login as an administrator").toBe("42501");
  const count = (codes: string[]) => `${codes.length} refused (${only(codes)})`;
  rows.push([
    what,
    `${user}`,
    "none",
    count(found.sockets),
    count(found.files),
    count(found.writes),
    count(others),
    count(elsewhere),
    count(asAdmin),
  ]);
}

function isOwn(tries: Tries, i: number): boolean {
  const { user, password } = tries.logins[i] ?? {};
  return tries.secrets[`${user}-password`] === password;
}

/** The copies that a service has of its secrets, in its folder. */
const copies = (service: ServiceName, folder: string) => [
  `${ownLogins[service].login}-password in ${folder}/database-password`,
  `redis-password in ${folder}/redis-password`,
];

test.each(serviceNames)(
  "from inside the container of the %s service nothing else is reached",
  async (service) => {
    const name = nameOf(settings, service);
    const pid = Number(await docker("inspect", "--format", "{{.State.Pid}}", name));
    const tries = triesOf(settings, [service], [], 1);
    const found = await probeContainer(name, tries);
    judge(
      `container ${service}`,
      pid,
      serviceUsers[service],
      tries,
      found,
      copies(service, `/var/lib/berth/services/${service}`),
    );
    expect(openFiles(pid)).toEqual([]);
  },
);

let running: Supervised | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

test("from the one process of all services nothing else is reached", async () => {
  running = await supervised(variables, "together");
  const pid = await running.pidOf("services");
  const privileged = [(await running.status()).pid, await running.pidOf("provisioner")];
  const tries = triesOf(settings, [...serviceNames], privileged, pid);
  const found = await probeProcess(pid, serviceUsers.together, tries);
  const holders = serviceNames.flatMap((name) => copies(name, paths.serviceFiles(name).folder));
  judge("process of all", pid, serviceUsers.together, tries, found, holders);
  expect(only(found.signals)).toBe("EPERM");
  expect(only(openFiles(pid))).toBe(join(paths.log, "services.log"));
});

test("from the process of each service apart nothing else is reached, nor another service", async () => {
  running = await supervised(variables, "apart");
  const pids = new Map<ServiceName, number>();
  for (const service of serviceNames) pids.set(service, await running.pidOf(service));
  const privileged = [(await running.status()).pid, await running.pidOf("provisioner")];
  for (const service of serviceNames) {
    const pid = pids.get(service) ?? 0;
    const others = serviceNames.filter((name) => name !== service);
    const processes = [...privileged, ...others.map((name) => pids.get(name) ?? 0)];
    const tries = triesOf(settings, [service], processes, pid);
    for (const other of others) tries.files.push(paths.serviceFiles(other).keys);
    const found = await probeProcess(pid, serviceUsers[service], tries);
    judge(
      `process ${service}`,
      pid,
      serviceUsers[service],
      tries,
      found,
      copies(service, paths.serviceFiles(service).folder),
    );
    expect(only(openFiles(pid))).toBe(join(paths.log, `${service}.log`));
  }
});

test("from the provisioner's process, which does not face the network, the same tries succeed", async () => {
  const pid = Number(readFileSync(join(settings.dataDir, "provisioner-pid"), "utf8"));
  const tries = triesOf(settings, ["user"], [pid], pid);
  const login = { user: "provisioner", password: tries.secrets["provisioner-password"] ?? "" };
  tries.logins = [{ ...login, database: "auth" }];
  // It sees the whole machine.
  tries.roots = [settings.dataDir];
  const found = await probeProcess(pid, 0, tries);
  expect(only(found.files)).toBe("done");
  expect(found.sockets).toContain("connected");
  expect(found.signals).toEqual(["done"]);
  expect(found.logins).toEqual(["done"]);
  const held = new Set(found.holders.map((one) => one.split(" in ")[0]));
  expect([...held]).toEqual(expect.arrayContaining(["passphrase", "key", "provisioner-password"]));
});

test("Traefik, which faces the network as well, has no socket, no login and no key", async () => {
  const name = `berth-${settings.env}-traefik`;
  const pid = Number(await docker("inspect", "--format", "{{.State.Pid}}", name));
  expect(statusOf(pid).noNewPrivileges).toBe("1");
  // 10: to listen on port 80.
  expect(Number.parseInt(statusOf(pid).rights[3] ?? "", 16)).toBe(1 << 10);
  const [{ Mounts }] = JSON.parse(await docker("inspect", name)) as [{ Mounts: unknown[] }];
  expect(Mounts).toEqual([]);
  const held: string[] = [];
  const contents = await docker("export", name, "--output", join(settings.dataDir, "traefik.tar")).then(() =>
    readFileSync(join(settings.dataDir, "traefik.tar")),
  );
  const environment = readFileSync(`/proc/${pid}/environ`);
  for (const [secret, text] of Object.entries(triesOf(settings, [], [], pid).secrets))
    if (contents.includes(text) || environment.includes(text)) held.push(secret);
  expect(held).toEqual(["redis-password"]);
});
