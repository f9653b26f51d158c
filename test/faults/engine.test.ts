import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../control-plane/until.ts";
import { SecondWorld, type Tenant } from "./second-world.ts";

// PostgreSQL and Redis that go away while Docker stays: test/provisioner/outside.test.ts and, seen by those who ask,
// test/control-plane/outage.test.ts.

/** A sentence, not a raw error. */
const sentence = /^[A-Z][^\n]+\.$/;
let world: SecondWorld;
const tenants: Tenant[] = [];

beforeAll(async () => {
  world = await SecondWorld.open(`fe-${process.pid % 100_000}`);
}, 400_000);
afterAll(() => world?.close(), 120_000);

/** The operation's end is true: people can log in, or a sentence says why not and nothing is left; then none is. */
async function endsTruthfully(tenant: Tenant, before: string[]): Promise<void> {
  const { status, error } = await world.ended(tenant);
  if (status === "succeeded") await world.untilLoggedIn(tenant);
  else {
    expect(status).toBe("failed");
    expect(error?.message).toMatch(sentence);
    if (!/still there/.test(error?.message ?? "")) expect(await world.inventory()).toEqual(before);
  }
  expect(await world.remove(tenant)).toMatchObject({ status: "succeeded" });
  expect(await world.inventory()).toEqual(before);
}

async function nextCreateWorks(slug: string): Promise<void> {
  const next = await world.create(slug);
  expect(await world.ended(next)).toMatchObject({ status: "succeeded" });
  await world.untilLoggedIn(next);
  expect(await world.remove(next)).toMatchObject({ status: "succeeded" });
}

async function everyHostServesItsOwn(): Promise<void> {
  for (const tenant of tenants) await world.untilLoggedIn(tenant);
  const [first, second] = tenants as [Tenant, Tenant];
  expect(await world.logsIn({ ...first, slug: second.slug })).toBe(false);
  expect(await world.logsIn({ ...second, slug: first.slug })).toBe(false);
}

test("two tenants are there", async () => {
  for (const slug of ["first", "second"]) {
    const tenant = await world.create(slug);
    expect(await world.ended(tenant)).toMatchObject({ status: "succeeded" });
    tenants.push(tenant);
  }
  await everyHostServesItsOwn();
});

test("an engine that stops with all its containers refuses a create with a sentence; once it is back all is well", async () => {
  await world.engine.stop("SIGTERM");
  const refused = await world.ask("too-early");
  expect(refused.status).toBe(503);
  expect(refused.body).toMatchObject({ detail: expect.stringMatching(sentence) });
  await world.engine.start();
  await world.untilWell();
  await everyHostServesItsOwn();
  await nextCreateWorks("too-early");
});

test("a restarted engine whose containers start in another order serves every host its own tenant", async () => {
  const docker = (...args: string[]) => world.engine.inside("docker", args);
  const containers = tenants.map(({ container }) => container);
  const startedAt = async (name: string) =>
    Date.parse((await docker("inspect", "-f", "{{.State.StartedAt}}", name)).trim());
  const byStart = async () => {
    const starts = await Promise.all(containers.map(async (name) => ({ name, at: await startedAt(name) })));
    for (const { at } of starts) expect(at).toBeGreaterThan(0);
    return starts.toSorted((a, b) => a.at - b.at).map(({ name }) => name);
  };
  // The engine may have started them in any order the last time, so the other one is what counts.
  const before = await byStart();
  // It starts what is to run always, in an order of its own: for once it must not.
  await docker("update", "--restart=no", ...containers);
  await world.engine.stop("SIGTERM");
  await world.engine.start();
  await world.untilWell();
  for (const container of before.toReversed()) await docker("start", container);
  await docker("update", "--restart=always", ...containers);
  expect(await byStart()).toEqual(before.toReversed());
  await everyHostServesItsOwn();
});

test("a power cut in the middle of a create: it ends truthfully and the next one works", async () => {
  const before = await world.inventory();
  const tenant = await world.create("middle");
  await world.begun(tenant, "container");
  await world.engine.stop("SIGKILL");
  await world.engine.start();
  await world.untilWell();
  await endsTruthfully(tenant, before);
  await nextCreateWorks("after-middle");
});

test("with Docker alone stopped before a create tenants go on serving, the create waits for it and succeeds", async () => {
  await world.engine.stop("SIGTERM");
  await world.engine.start({ alone: true });
  await world.untilWell();
  const before = await world.inventory();
  await world.engine.stop("SIGTERM");
  const tenant = await world.create("early");
  await world.begun(tenant, "wait for the Docker engine");
  await everyHostServesItsOwn();
  await world.engine.start({ alone: true });
  expect(await world.ended(tenant)).toMatchObject({ status: "succeeded" });
  await endsTruthfully(tenant, before);
});

test("with Docker alone killed in the middle of a create the create ends truthfully and the next one works", async () => {
  const before = await world.inventory();
  const tenant = await world.create("halfway");
  await world.begun(tenant, "container");
  await world.engine.stop("SIGKILL");
  await everyHostServesItsOwn();
  await world.engine.start({ alone: true });
  await world.untilWell();
  await endsTruthfully(tenant, before);
  await nextCreateWorks("after-halfway");
});

test("a full engine: the create says so, and once there is room nothing of it is left and the next one works", async () => {
  const { engine } = world;
  const before = await world.inventory();
  const filler = join(engine.dataRoot, "filler");
  await engine.inside("sh", ["-c", `cat /dev/zero > ${filler} 2>/dev/null; true`]);
  // PostgreSQL's files are on the full disk as well: it may refuse the request itself.
  const { status, body } = await world.ask("crowded");
  const tenant = status === 202 ? world.tenant("crowded", body) : undefined;
  const seen = tenant && (await untilSomethingGaveWay(tenant));
  await rm(filler);
  // Full disks have killed daemons; people start them again.
  if (await engine.fallen()) await engine.start({ alone: true });
  await world.untilWell();
  if (tenant) {
    expect(seen?.status).not.toBe("succeeded");
    if (seen?.status === "failed") expect(seen.error?.message).toMatch(/disk is full/);
    await endsTruthfully(tenant, before);
  } else {
    expect(status).toBe(503);
    expect(body).toMatchObject({ detail: expect.stringMatching(sentence) });
  }
  await nextCreateWorks("roomy");
  await everyHostServesItsOwn();
});

/**
 * Waits for what a full disk does: the create ends, or PostgreSQL or the engine does, or what was accepted cannot be handed
 * over or begun, for which rows have to be written. Gives the operation as it is then.
 */
function untilSomethingGaveWay(tenant: Tenant) {
  const path = `/instance/v1/operations/${tenant.operation}`;
  /** Milliseconds after which what nobody has begun waits for room. */
  const handoverMs = 60_000;
  const from = performance.now();
  return until(
    async () => {
      if (await world.engine.fallen()) return { status: "running", error: null };
      // On a full disk an answer may take longer than anybody waits for it.
      const answer = await world.api("GET", path).catch(() => undefined);
      if (!answer) return undefined;
      const now = answer.body as { status: string; error: { message: string } | null };
      const waits = answer.status === 404 || now.status === "queued";
      if (waits && performance.now() - from > handoverMs) return { status: "pending", error: null };
      return answer.status === 503 || ["failed", "succeeded"].includes(now.status) ? now : undefined;
    },
    // Pulumi itself tries half a minute to save a checkpoint that cannot be written, each time it saves one.
    { what: "something to give way", deadlineMs: 400_000, everyMs: 200 },
  );
}
