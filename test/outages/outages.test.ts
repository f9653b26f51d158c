import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { everything, openWorld } from "../e2e/world.ts";
import { openClient } from "./client.ts";
import { followContainers } from "./container-events.ts";
import { untilAllAreWell } from "./health.ts";
import { openParts, type PartName, type Way } from "./parts.ts";
import { runOutage, settled } from "./run-outage.ts";
import type { Outage, Scene, Verdict } from "./scene.ts";
import { nameOf, table } from "./table.ts";

const parts: PartName[] = ["user", "tenant", "instance", "provisioner", "postgres", "redis"];
// Asked to end, the provisioner hands back what it works on; the services have nothing to hand back.
const ways = (part: PartName): Way[] =>
  part === "provisioner" ? ["killed", "ended", "held"] : ["killed", "held"];
// OUTAGES=<words> runs the outages with these words ("redis, docker pause").
const outages: Outage[] = parts
  .flatMap((part) => ways(part).map((way) => ({ part, way })))
  .filter((outage) => nameOf(outage).includes(process.env.OUTAGES ?? ""));
const verdicts: Verdict[] = [];
const scene = {} as Scene;
let baseline: string[];

beforeAll(async () => {
  scene.parts = openParts(inject("berthEnv"));
  scene.parts.startAll();
  scene.world = await openWorld();
  scene.send = await openClient(scene.world.settings);
  expect(await untilAllAreWell(scene.world.settings)).toEqual([]);
  baseline = await everything(scene.world);
  scene.containers = await followContainers(scene.world.settings.env);
  const [keeper, spare] = await Promise.all(["keeper", "spare"].map((slug) => scene.world.create({ slug })));
  if (!keeper || !spare) throw new Error("The tenants to begin with were not made.");
  scene.keeper = keeper.tenant;
  scene.spare = spare.tenant.slug;
});
afterAll(async () => {
  console.log(`\n${table(verdicts, outages)}\n`);
  scene.containers?.close();
  await scene.parts?.stopAll();
});

test.each(outages.map((outage, n) => [nameOf(outage), outage, n] as const))("%s", async (_, outage, n) => {
  const verdict = await runOutage(scene, outage, n);
  verdicts.push(verdict);
  const { lost, twice, flaws } = verdict;
  expect({ lost, twice, flaws }).toEqual({ lost: [], twice: [], flaws: [] });
});

test("in the end nothing is left of any tenant", async () => {
  const { world, keeper, spare } = scene;
  expect(verdicts).toHaveLength(outages.length);
  for (const slug of [keeper.slug, spare])
    expect(await world.remove(slug)).toMatchObject({ status: "succeeded" });
  expect(await settled(world)).toEqual([]);
  expect(await everything(world)).toEqual(baseline);
});
