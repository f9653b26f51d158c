import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { dataPaths } from "../../control-plane/paths.ts";
import { provisionerTag } from "../../control-plane/provisioner/processes/identity.ts";
import { taggedProcesses } from "../../control-plane/provisioner/processes/scan.ts";
import { serviceNames } from "../../control-plane/service-names.ts";
import { until } from "../../control-plane/until.ts";
import { everything, openWorld, type World } from "../e2e/world.ts";
import { docker, nameOf, untilHealthy } from "./containers.ts";
import { type Asked, type Outcome, send } from "./load.ts";

let world: World;
let key: string;
beforeAll(async () => {
  world = await openWorld();
  key = readFileSync(dataPaths(world.settings.dataDir).apiKey, "utf8").trim();
});

const inData = (name: string) => join(world.settings.dataDir, name);
const provisioner = () => Number(readFileSync(inData("provisioner-pid"), "utf8"));

const creates = 5;
const create = (number: number): Asked => ({
  id: randomUUID(),
  method: "POST",
  path: "/tenant/v1/tenants",
  body: { slug: `once-${number}`, name: `Once ${number}`, admin: { email: `admin@once-${number}.example` } },
});

test("everything is told to end at once amid creates: none is orphaned, and each that was taken ends", async () => {
  const { settings } = world;
  const before = await everything(world);
  const names = serviceNames.map((service) => nameOf(settings, service));
  const port = settings.servicePorts.tenant;
  const ask = (asked: Asked) => send({ port, key }, undefined, asked);
  const first = await ask(create(0));
  expect(first.status, first.text).toBe(202);
  const running = "select from operations where status = 'running'";
  await until(async () => (await world.sql("instance", running)).length > 0, {
    ...{ what: "the first create to run", deadlineMs: 60_000, everyMs: 20 },
  });
  const others = Array.from({ length: creates - 1 }, (_, i) => create(i + 1));
  const victim = provisioner();
  // The requests and the signals leave together.
  const from = performance.now();
  const sent = others.map(ask);
  process.kill(victim, "SIGTERM");
  await docker("stop", ...names);
  const seconds = (performance.now() - from) / 1_000;
  const outcomes = [first, ...(await Promise.all(sent))];
  const exits = (await docker("inspect", "--format", "{{.State.ExitCode}}", ...names)).split("\n");
  expect(exits).toEqual(names.map(() => "0"));
  const end = () => {
    try {
      return readFileSync(inData(`provisioner-end-${victim}`), "utf8");
    } catch {
      return undefined;
    }
  };
  expect(
    await until(async () => end(), { what: "the provisioner to end", deadlineMs: 30_000, everyMs: 50 }),
  ).toBe("0");

  await docker("start", ...names);
  for (const service of serviceNames) await untilHealthy(settings, service);
  // 503 says that a service which it takes was away already: nothing was begun.
  const wasAnswered = ({ status, isHalf }: Outcome) => status !== undefined && status !== 503 && !isHalf;
  const unanswered = outcomes.filter((one) => !wasAnswered(one));
  const answers = outcomes.filter(wasAnswered);
  for (const { id, method, path, body } of unanswered) answers.push(await ask({ id, method, path, body }));
  expect(answers.map(({ status }) => status)).toEqual(Array(creates).fill(202));
  const operations = answers.map(
    ({ text = "" }) => (JSON.parse(text) as { operation: { id: string } }).operation.id,
  );
  expect(new Set(operations).size).toBe(creates);
  for (const id of operations)
    expect(await world.ended(id)).toMatchObject({ status: "succeeded", error: null });

  const open = await world.sql("instance", "select id from operations where status in ('queued', 'running')");
  const leases = await world.sql("instance", "select tenant_id from leases");
  const undelivered = await world.sql("tenant", "select id from outbox where done_at is null");
  const ours = (await taggedProcesses(provisionerTag)).filter(({ tag }) =>
    tag.startsWith(`${settings.env}/`),
  );
  const tags = new Set(ours.map(({ tag }) => tag));
  console.log(
    [
      `All four processes were told to end at once and had ended after ${seconds.toFixed(1)} s, with exit code 0:`,
      `creates sent ${creates}, answered ${creates - unanswered.length}, sent again with the same key ${unanswered.length}`,
      `operations succeeded ${operations.length}, open ${open.length}, leases ${leases.length}, undelivered ${undelivered.length}, provisioners with processes ${tags.size}`,
    ].join("\n"),
  );
  expect({ open, leases, undelivered, provisioners: tags.size }).toEqual({
    ...{ open: [], leases: [], undelivered: [], provisioners: 1 },
  });
  for (let number = 0; number < creates; number += 1)
    expect((await world.remove(`once-${number}`)).status).toBe("succeeded");
  expect(await everything(world)).toEqual(before);
});
