import { until } from "../../control-plane/until.ts";
import type { World } from "../e2e/world.ts";
import { changing, creating, deleting, type Outcome, reading, restarting, type Send, type Wanted } from "./client.ts";
import type { ContainerEvents } from "./container-events.ts";
import { openEnds } from "./facts.ts";
import { untilAllAreWell, untilAllSaySo } from "./health.ts";
import { judge } from "./judge.ts";
import type { PartName, Parts, Way } from "./parts.ts";
import { expectedOf, type Reaction, reactionOf } from "./reactions.ts";

export interface Scene {
  world: World;
  parts: Parts;
  send: Send;
  containers: ContainerEvents;
  /** A tenant that is there all the time. */
  keeper: { id: string; slug: string };
  /** A tenant that is there, and deleted in the next outage. */
  spare: { id: string; slug: string };
}

export interface Outage {
  part: PartName;
  way: Way;
}

export interface Verdict {
  /** What was under way when it began. */
  moment: string;
  health: string;
  /** What was sent while it lasted, by what came of it. */
  outcomes: Outcome[];
  /** Seconds from the return until all that was accepted was there. */
  caughtUp: number;
  lost: string[];
  twice: string[];
  flaws: string[];
}

/** Everything that was accepted is there this many seconds after the return. */
const deadline = 120;

/** Takes a part away in the middle of creates, has clients go on, brings it back and looks at what became of all. */
export async function runOutage(scene: Scene, outage: Outage, n: number): Promise<Verdict> {
  const { world, parts, send, keeper, spare } = scene;
  const { part, way } = outage;
  const slug = (letter: string) => `outage-${n}-${letter}`;
  const flaws: string[] = [];
  const all: Outcome[] = [];
  const sendAll = async (wanted: Wanted[]) => {
    const outcomes = await Promise.all(wanted.map(send));
    all.push(...outcomes);
    return outcomes;
  };

  const before = await sendAll(["a", "b"].map((letter) => creating(slug(letter))));
  const operations = before.map(({ body }) => (body.operation as { id: string }).id);
  await until(async () => (await running(world, operations)) > 0, {
    ...{ what: "a create to be worked on", deadlineMs: 30_000, everyMs: 10 },
  });
  // What is on its way when it happens.
  const inFlight = sendAll(["c", "d"].map((letter) => creating(slug(letter))));
  const struck = new Date();
  await parts.strike(part, way);

  const name = `Name ${n}`;
  const during: Outcome[] = [];
  const health = untilAllSaySo(world.settings, part);
  const waves = [
    [
      creating(slug("e")),
      changing(keeper.slug, name),
      deleting(spare.slug),
      restarting(keeper.slug),
      reading("tenant", `/tenant/v1/tenants/${keeper.slug}`),
      reading("instance", `/instance/v1/operations/${operations[0]}`),
      reading("user", "/user/v1/organizations"),
    ],
    [
      creating(slug("f")),
      deleting(slug("b")),
      // The same request as before.
      ...before.slice(0, 1).map(({ wanted }) => wanted),
      reading("tenant", "/tenant/v1/tenants"),
    ],
  ];
  for (const wave of waves) during.push(...(await sendAll(wave)));
  const { said, flaws: silent } = await health;
  flaws.push(...silent);
  for (const outcome of during) {
    const reaction = reactionOf(outcome);
    const expected = expectedOf(part, outcome.wanted.service);
    if (reaction !== expected)
      flaws.push(`${outcome.wanted.method} ${outcome.wanted.path} was ${reaction}, not ${expected}`);
  }
  // Until its leases are another's to take.
  if (part === "provisioner" && way === "held") await untilLeasesRunOut(world);

  await parts.bringBack(part, way);
  const back = performance.now();
  await inFlight;
  const settle = async () => {
    let open: string[] = [];
    const settled = async () => {
      // PostgreSQL may not answer yet.
      open = await openEnds(world).catch((error) => [String(error)]);
      return open.length === 0;
    };
    await until(settled, { what: "all to be settled", deadlineMs: deadline * 1000, everyMs: 100 }).catch(() =>
      flaws.push(...open.map((one) => `after ${deadline} s still: ${one}`)),
    );
  };
  await settle();
  const caughtUp = (performance.now() - back) / 1000;
  console.log(JSON.stringify(all.map((o) => [o.wanted.method, o.wanted.path, o.status, o.seconds.toFixed(1), reactionOf(o)])));
  for (const { flaws: own } of all) flaws.push(...own);
  return { moment: String(struck), health: said, outcomes: during, caughtUp, lost: [], twice: [], flaws };
}

async function running(world: World, operations: string[]): Promise<number> {
  const rows = await world.sql(
    "instance",
    "select id from operations where id = any($1) and status = 'running'",
    [operations],
  );
  return rows.length;
}

async function untilLeasesRunOut(world: World): Promise<void> {
  const live = () => world.sql("instance", "select from leases where expires_at > now()");
  await until(async () => (await live()).length === 0, {
    ...{ what: "the leases to run out", deadlineMs: 30_000, everyMs: 100 },
  });
}
