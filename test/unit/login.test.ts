import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connection, isDatabaseAway } from "../../control-plane/database.ts";
import { readLogin } from "../../control-plane/login.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { parseSettings } from "../../control-plane/settings.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "login-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function host(dataDir: string, env: Record<string, string> = {}) {
  const settings = parseSettings({ BERTH_DATA_DIR: dataDir, BERTH_POSTGRES_PORT: "5999", ...env });
  const file = dataPaths(dataDir).loginPassword("tenant_run");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, "hush\n");
  return connection(await readLogin(settings, "tenant_run", "tenant"), "test");
}

test("our own server is reached by its socket, and by 127.0.0.1 where the socket's name would be too long", async () => {
  expect(await host(folder)).toMatchObject({ host: join(folder, "run/postgres"), port: 5999 });
  const ending = "/run/postgres/.s.PGSQL.5999".length;
  const padded = (length: number) => join(folder, "x".repeat(length - ending - folder.length - 1));
  expect((await host(padded(107))).host).toMatch(/x\/run\/postgres$/);
  expect((await host(padded(108))).host).toBe("127.0.0.1");
});

test("an operator's server is reached at its address", async () => {
  const elsewhere = { BERTH_PLATFORM_DATABASE_URL: "postgres://boss@db.example:5999/postgres" };
  expect((await host(folder, elsewhere)).host).toBe("db.example");
});

test("a socket that is not there means that the server is away; a file that is not there does not", async () => {
  const refused = await new Promise<Error>((resolve) => {
    createConnection(join(folder, "run/postgres/.s.PGSQL.5999")).once("error", resolve);
  });
  expect(isDatabaseAway(refused)).toBe(true);
  const missing = await readLogin(
    parseSettings({ BERTH_DATA_DIR: join(folder, "none") }),
    "tenant_run",
    "tenant",
  ).catch((error) => error);
  expect(missing).toBeInstanceOf(Error);
  expect(isDatabaseAway(missing)).toBe(false);
});
