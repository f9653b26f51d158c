import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { creating } from "./client.ts";
import { openClient } from "./client.ts";
import { followContainers } from "./container-events.ts";
import { factsOf } from "./facts.ts";
import { untilAllAreWell } from "./health.ts";
import { openParts } from "./parts.ts";
import { openWorld } from "../e2e/world.ts";
import { type Outage, runOutage, type Scene } from "./run-outage.ts";

const outages: Outage[] = (["user", "tenant", "instance", "provisioner"] as const).flatMap((part) => [{ part, way: "killed" }, { part, way: "held" }] as Outage[]);
const scene = {} as Scene;

beforeAll(async () => {
  scene.parts = openParts(inject("berthEnv"));
  scene.parts.startAll();
  scene.world = await openWorld();
  scene.send = await openClient(scene.world.settings);
  expect(await untilAllAreWell(scene.world.settings)).toEqual([]);
  scene.containers = followContainers(scene.world.settings.env);
  for (const slug of ["keeper", "spare"] as const) {
    const { tenant } = await scene.world.create({ slug });
    scene[slug] = { id: tenant.id, slug };
  }
}, 120_000);
afterAll(async () => {
  scene.containers?.close();
  await scene.parts?.stopAll();
});

test.each(outages.map((o) => [`${o.part} ${o.way}`, o] as const))("%s", async (_, outage) => {
  const verdict = await runOutage(scene, outage, outages.indexOf(outage));
  console.log(verdict.health, verdict.caughtUp, verdict.flaws);
  const rows = await scene.world.sql<{id: string}>("tenant", "select id from tenants");
  for (const { id } of rows) console.log(JSON.stringify(await factsOf(scene.world, id)));
});
