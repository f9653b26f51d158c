import { afterAll, beforeAll, expect, test } from "vitest";
import { type Made, openWorld, type World } from "../e2e/world.ts";
import { berth, mustBerth, provisionerTakesWork } from "./support.ts";

let world: World;
let spoiled: Made;
beforeAll(async () => {
  world = await openWorld();
  await provisionerTakesWork();
  spoiled = await world.create({ slug: "spoiled" });
  await world.create({ slug: "sound" });
});
afterAll(async () => {
  await world.remove("spoiled");
  await world.remove("sound");
});

test("all tenants are checked by one command, which ends with 3 when one is not as its program says", async () => {
  expect(await mustBerth("check", "--all")).toContain("As their program says: 2. Not so: 0.");
  await world.docker("rm", "--force", spoiled.container);
  const all = await berth(["check", "--all"]);
  expect(all.code, all.err).toBe(3);
  expect(all.out).toContain("spoiled:\n    production: container is missing, and would be made again\n");
  expect(all.out).toContain("As their program says: 1. Not so: 1. Not looked at: 0. Failed: 0.");
  // Nothing was mended by that, and the other one is well.
  expect(await berth(["check", "spoiled"])).toMatchObject({ code: 3 });
  expect(await mustBerth("check", "sound")).toContain("As their program says: 1.");
});

test("operations tell what each check has found", async () => {
  const said = await mustBerth("operations", "spoiled");
  expect(said).toMatch(/ {2}spoiled {2}check {2}succeeded\n(.*\n)? +production: container is missing/);
  expect(await mustBerth("operations", "sound")).toContain("all is as the program says");
  const [last] = JSON.parse(await mustBerth("operations", "spoiled", "--json"));
  expect(last.kind).toBe("check");
  // Beside what was put into the container.
  expect(last.check.differences).toContainEqual({
    ...{ instance: "production", part: "container", would: "create" },
  });
  expect(said).not.toContain("berth:index:");
  expect(await mustBerth("operations", "--status", "running")).toBe("No operation is running.\n");
  expect(await mustBerth("operations", "spoiled", "--status", "succeeded")).toContain("  create  succeeded");
});

test("a tenant that is at work is left out, with the reason; who says neither or both is told", async () => {
  const [row] = await world.sql<{ at: string }>(
    "instance",
    "update stacks set ready_at = null where slug = 'sound' returning (select ready_at::text from stacks where slug = 'sound') as at",
  );
  try {
    const { code, out } = await berth(["check", "--all"]);
    expect(code).toBe(3);
    expect(out).toContain("sound: not looked at. The tenant was never ready");
    expect(await mustBerth("check", "sound")).toContain("Not looked at: 1. Failed: 0.");
  } finally {
    await world.sql("instance", "update stacks set ready_at = $1 where slug = 'sound'", [row?.at]);
  }
  const unknown = await berth(["check", "nobody"]);
  expect(unknown, unknown.out).toMatchObject({ code: 1, err: expect.stringContaining("nobody") });
  for (const args of [["check"], ["check", "sound", "--all"]])
    expect(await berth(args)).toMatchObject({ code: 1, err: expect.stringContaining("Say which tenant") });
});
