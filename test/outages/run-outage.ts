import { until } from "../../control-plane/until.ts";
import type { World } from "../e2e/world.ts";
import { changing, creating, deleting, reading, restarting } from "./client.ts";
import { openEnds } from "./facts.ts";
import { untilAllAreWell, untilAllSaySo } from "./health.ts";
import { judgeKeeper, judgeRefused, judgeTenants } from "./judge.ts";
import { Ledger } from "./ledger.ts";
import { unexpected } from "./reactions.ts";
import type { Outage, Scene, Verdict } from "./scene.ts";

/** Seconds after the return in which everything that was accepted has to be there, with nobody asking for it. */
const deadline = 120;

/** Takes a part away in the middle of creates, has clients go on, brings it back and looks at what became of all. */
export async function runOutage(scene: Scene, outage: Outage, n: number): Promise<Verdict> {
  const { world, parts, keeper } = scene;
  const { part, way } = outage;
  const slug = (letter: string) => `outage-${n}-${letter}`;
  const before = new Ledger(scene.send, part);
  const meanwhile = new Ledger(scene.send, part);
  const flaws: string[] = [];

  const [a, b, c, d] = ["a", "b", "c", "d"].map(slug).map((one) => creating(one));
  if (!a || !b || !c || !d) throw new Error("Four creates are wanted.");
  const accepted = await before.send([a, b]);
  const operations = accepted.map(({ body }) => body.operation?.id ?? "");
  await until(async () => (await running(world, operations)) === 2, {
    ...{ what: "both creates to be worked on", deadlineMs: 30_000, everyMs: 10 },
  });
  // On its way when it happens: nobody can say what comes of it.
  const inFlight = before.send([c]);
  // Who is asked to end takes its time: the moment is the one of the asking.
  const struck = new Date();
  await parts.strike(part, way);

  const health = untilAllSaySo(world.settings, part);
  await meanwhile.send([
    d,
    changing(keeper.slug, `Name ${n}`),
    deleting(scene.spare),
    restarting(keeper.slug),
    reading("tenant", `/tenant/v1/tenants/${keeper.slug}`),
    reading("instance", `/instance/v1/operations/${operations[0]}`),
    reading("user", "/user/v1/organizations"),
  ]);
  // One of those that are being made, and a create once more, as clients repeat what they are not sure of.
  await meanwhile.send([deleting(b.slug), a, reading("tenant", "/tenant/v1/tenants")]);
  const { said, silent } = await health;
  flaws.push(...silent, ...unexpected(part, meanwhile));
  if (part === "provisioner" && way === "held") await untilLeasesRunOut(world);

  await parts.bringBack(part, way);
  const back = performance.now();
  await inFlight;
  flaws.push(...(await settled(world)));
  const caughtUp = (performance.now() - back) / 1000;
  if ((await interrupted(world, operations, struck)) === 0)
    flaws.push("no create was in its middle when it began");
  flaws.push(...(await untilAllAreWell(world.settings)));

  flaws.push(...(await judgeRefused(world, [before, meanwhile])));
  for (const ledger of [before, meanwhile]) flaws.push(...(await ledger.sendAgain(world)));
  flaws.push(...(await settled(world)));
  const tenants = await judgeTenants(scene, part, {
    ready: [a, c, d].map((one) => one.slug),
    gone: [b.slug, scene.spare],
  });
  const kept = await judgeKeeper(scene, `Name ${n}`);
  flaws.push(...before.flaws(), ...meanwhile.flaws());

  // The next one begins with as many as this one, and waits for no end of these.
  scene.spare = d.slug;
  await Promise.all([a, c].map((one) => world.api("DELETE", one.path.concat("/", one.slug))));
  return {
    ...{ outage, said, meanwhile, caughtUp, flaws },
    lost: [...tenants.lost, ...kept.lost],
    twice: [...tenants.twice, ...kept.twice],
  };
}

/** Waits until nothing is under way any more. Gives what still is when the time is up. */
export async function settled(world: World): Promise<string[]> {
  let open: string[] = [];
  const isSettled = async () => {
    // PostgreSQL may not answer yet.
    open = await openEnds(world).catch((error) => [String(error)]);
    return open.length === 0;
  };
  const wait = { what: "all to be settled", deadlineMs: deadline * 1000, everyMs: 100 };
  return until(isSettled, wait).then(
    () => [],
    () => open.map((one) => `after ${deadline} s: ${one}`),
  );
}

async function running(world: World, operations: string[]): Promise<number> {
  const query = "select from operations where id = any($1) and status = 'running'";
  return (await world.sql("instance", query, [operations])).length;
}

/** How many of these operations had begun before a moment and ended after it. */
async function interrupted(world: World, operations: string[], moment: Date): Promise<number> {
  const query = "select from operations where id = any($1) and started_at < $2 and finished_at > $2";
  return (await world.sql("instance", query, [operations, moment])).length;
}

/** Whoever holds them cannot know, when it goes on, whether they are still its own. */
async function untilLeasesRunOut(world: World): Promise<void> {
  const live = () => world.sql("instance", "select from leases where expires_at > now()");
  await until(async () => (await live()).length === 0, {
    ...{ what: "the leases to run out", deadlineMs: 30_000, everyMs: 100 },
  });
}
