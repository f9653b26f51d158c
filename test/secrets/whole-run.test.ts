import { rm, stat } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allowed } from "./allowed.ts";
import { plantCanaries } from "./canaries.ts";
import { testLogs } from "./logs.ts";
import { filesIn } from "./places.ts";
import { openRun, type Run } from "./run.ts";
import { type Played, play, playApart } from "./scene.ts";
import { search } from "./search.ts";
import { table } from "./table.ts";
import type { Made } from "./tenants.ts";

let run: Run;
let played: Played;
let apart: Made;
let found: Awaited<ReturnType<typeof search>>;
let canaries: Awaited<ReturnType<typeof plantCanaries>> | undefined;
beforeAll(async () => {
  run = await openRun();
  played = await play(run);
  apart = await playApart(run);
  canaries = await plantCanaries(run);
  await run.snapshot();
  await run.stopSampling();
  found = await search(run);
}, 900_000);
afterAll(async () => {
  await run?.close();
  if (canaries) await rm(canaries.folder, { recursive: true, force: true });
}, 300_000);

const isCanary = (name: string) => name.startsWith("canary in ");

describe("logs of a whole run", () =>
  testLogs(
    () => run,
    () => played,
    () => apart,
  ));

describe("secrets of a whole run", () => {
  test("none is anywhere but where it may be", () => {
    const cell = (secret: string, place: string) => {
      const hits = found.hits.filter((hit) => hit.secret === secret && hit.place === place);
      if (hits.length === 0) return "none";
      return hits.every((hit) => hit.allowed) ? "allowed" : "FOUND";
    };
    const secrets = found.secrets.filter((name) => !isCanary(name));
    console.log(table(found.places, secrets, cell));
    const wrong = found.hits.filter((hit) => !hit.allowed && !isCanary(hit.secret));
    expect(
      wrong.map((hit) => `${hit.place} | ${hit.where} | ${hit.secret} (${hit.form}) after: ${hit.before}`),
    ).toEqual([]);
    expect(secrets.length).toBeGreaterThan(60);
    expect(secrets).toContain("signing key of service tokens");
  });

  test("what is put into each kind of place is found there, in whatever way it is written", () => {
    const missed = found.places
      .map(({ name }) => name)
      .filter(
        (place) => !found.hits.some((hit) => hit.place === place && hit.secret === `canary in ${place}`),
      );
    expect(missed).toEqual([]);
    expect(found.places.length).toBe(found.secrets.filter(isCanary).length);
  });

  test("every place that is allowed is one where something was found", () => {
    const used = new Set(found.hits.map((hit) => hit.allowed));
    expect(allowed.filter((one) => !used.has(one))).toEqual([]);
  });

  test("the state holds the secrets all the same, sealed: whoever has the passphrase is shown them", async () => {
    expect(run.shown).toContain(run.known("database password of first"));
  });

  test("nobody but the owner reads the data folder", async () => {
    const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
    const { paths } = run;
    for (const folder of [paths.dataDir, paths.secrets, paths.log, paths.run, paths.platformState])
      expect(await modeOf(folder), folder).toBe(0o700);
    const files = [...(await filesIn(paths.secrets)), ...(await filesIn(paths.log)), paths.pgpass];
    for (const file of files.filter((name) => !name.endsWith("canary.log")))
      expect(await modeOf(file), file).toBe(0o600);
    expect(files.length).toBeGreaterThan(20);
  });
});
