import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { whyNotDevelopment } from "../../control-plane/development.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { findFiles } from "../../control-plane/platform/backup/parts.ts";
import { broughtUpFile, noteBroughtUp } from "../../control-plane/platform/brought-up.ts";
import { parseSettings } from "../../control-plane/settings.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "berth-development-"));
});
afterEach(() => rm(dataDir, { recursive: true }));

const settings = (more: Record<string, string> = {}) => parseSettings({ BERTH_DATA_DIR: dataDir, ...more });
const broughtUp = (more?: Record<string, string>) => noteBroughtUp(settings(more));
const whyNot = (more?: Record<string, string>) => whyNotDevelopment(settings(more));
const write = async (text: string) => {
  await mkdir(dataPaths(dataDir).platform, { recursive: true });
  await writeFile(broughtUpFile(dataDir), text);
};

describe("an environment may be thrown away", () => {
  test.each(["localhost", "two.localhost", "LOCALHOST"])("when it was only ever at %s", async (domain) => {
    await broughtUp({ BERTH_DOMAIN: domain });
    expect(await whyNot()).toBeUndefined();
    expect(await whyNot({ BERTH_DOMAIN: domain })).toBeUndefined();
  });
});

describe("it may not", () => {
  test("when it was brought up with a domain of its own, which this shell does not say", async () => {
    await broughtUp({ BERTH_ENV: "acme", BERTH_DOMAIN: "berth.example" });
    expect(await whyNot({ BERTH_ENV: "acme" })).toMatch(/brought up with the domain berth\.example/);
  });

  test.each(["berth.example", "localhost.example", "notlocalhost"])(
    "at %s, as this shell says",
    async (domain) => {
      await broughtUp();
      expect(await whyNot({ BERTH_DOMAIN: domain })).toContain(`its domain is ${domain}`);
    },
  );

  test("when it was brought up without that domain since", async () => {
    await broughtUp({ BERTH_DOMAIN: "berth.example" });
    await broughtUp();
    await broughtUp({ BERTH_DOMAIN: "two.localhost" });
    expect(await whyNot()).toMatch(/brought up with the domain berth\.example/);
  });

  test.each(["BERTH_TENANTS_DATABASE_URL", "BERTH_PLATFORM_DATABASE_URL"])(
    "when %s was another's server, now or ever",
    async (variable) => {
      const elsewhere = { [variable]: "postgres://p@192.0.2.1:5433/postgres" };
      await broughtUp();
      expect(await whyNot(elsewhere)).toContain("(192.0.2.1:5433)");
      await broughtUp(elsewhere);
      await broughtUp();
      expect(await whyNot()).toMatch(/server of your own \(192\.0\.2\.1:5433\), as/);
    },
  );

  test.each(["prod", "production", "prod-2", "live", "live-eu"])("when its name is %s", async (env) => {
    await broughtUp({ BERTH_ENV: env });
    expect(await whyNot({ BERTH_ENV: env })).toMatch(/its name is/);
  });

  test("when the data folder is another environment's", async () => {
    await broughtUp({ BERTH_ENV: "acme" });
    await broughtUp({ BERTH_ENV: "other" });
    expect(await whyNot({ BERTH_ENV: "other" })).toContain('the environment "acme"');
  });

  test("when nothing was noted", async () => {
    expect(await whyNot()).toMatch(/is not noted in .*bin\/berth up notes it/);
  });

  test.each([
    ["nothing in it", ""],
    ["half of it", '{"env":"dev","domains":["local'],
    ["no domain", '{"env":"dev","domains":[],"servers":[]}'],
    ["another shape", '{"env":"dev","domain":"localhost"}'],
    ["null", "null"],
  ])("when the note has %s, and it is not written over", async (_what, text) => {
    await write(text);
    await broughtUp();
    expect(await whyNot()).toMatch(/cannot be read/);
    expect(await readFile(broughtUpFile(dataDir), "utf8")).toBe(text);
  });

  test("when the note is no file", async () => {
    await mkdir(broughtUpFile(dataDir), { recursive: true });
    await broughtUp();
    expect(await whyNot()).toMatch(/cannot be read \(EISDIR\)/);
  });
});

test("a backup has the note with it", async () => {
  await broughtUp();
  await Promise.all(
    [dataPaths(dataDir).secrets, dataPaths(dataDir).platformState].map((folder) => mkdir(folder)),
  );
  expect((await findFiles(dataDir)).map(({ name }) => name)).toEqual(["data/platform/brought-up.json"]);
});
