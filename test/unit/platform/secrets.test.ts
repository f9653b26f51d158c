import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dataPaths, logins } from "../../../control-plane/paths.ts";
import { ensureSecrets } from "../../../control-plane/secrets.ts";
import { serviceNames } from "../../../control-plane/service-names.ts";
import { serviceUsers } from "../../../control-plane/service-users.ts";
import { ownLogins } from "../../../control-plane/service-variables.ts";
import { parseSettings, type Settings } from "../../../control-plane/settings.ts";

let settings: Settings;
beforeEach(async () => {
  settings = parseSettings({ BERTH_DATA_DIR: join(await mkdtemp(join(tmpdir(), "berth-secrets-")), "data") });
});
afterEach(() => rm(join(settings.dataDir, ".."), { recursive: true }));

async function all(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")])),
  );
}

test("every secret is made once, for its owner only", async () => {
  await ensureSecrets(settings);
  const paths = dataPaths(settings.dataDir);
  const first = await all(paths.secrets);
  expect(Object.keys(first)).toEqual(
    [
      "key",
      "passphrase",
      "postgres-password",
      "redis-password",
      ...logins.map((l) => `${l}-password`),
      "tools-password",
    ].sort(),
  );
  expect(new Set(Object.values(first)).size).toBe(Object.keys(first).length);
  expect(Buffer.from(first.key ?? "", "base64")).toHaveLength(32);
  for (const name of Object.keys(first))
    expect((await stat(join(paths.secrets, name))).mode & 0o777).toBe(0o600);
  for (const folder of [paths.dataDir, paths.secrets]) expect((await stat(folder)).mode & 0o777).toBe(0o700);
  await ensureSecrets(settings);
  expect(await all(paths.secrets)).toEqual(first);
});

test("each service is given copies of what it needs, for its own user", async () => {
  await ensureSecrets(settings);
  const paths = dataPaths(settings.dataDir);
  await writeFile(paths.smtpPassword, "of-the-mail-server");
  await ensureSecrets(settings);
  const modeOf = async (path: string) => {
    const { mode, uid, gid } = await stat(path);
    return { mode: mode & 0o777, uid, gid };
  };
  for (const name of serviceNames) {
    const { folder, databasePassword } = paths.serviceFiles(name);
    const theirs = await all(folder);
    const mailed = name === "user" ? ["smtp-password"] : [];
    expect(Object.keys(theirs)).toEqual(["database-password", "keys.json", "redis-password", ...mailed]);
    expect(theirs["database-password"]).toBe(
      await readFile(paths.loginPassword(ownLogins[name].login), "utf8"),
    );
    const owner = { uid: serviceUsers[name], gid: serviceUsers.together };
    expect(await modeOf(databasePassword)).toEqual({ mode: 0o440, ...owner });
    expect(await modeOf(folder)).toEqual({ mode: 0o750, ...owner });
  }
  // What is taken away is taken away here as well, and what changes changes.
  await rm(paths.smtpPassword);
  await writeFile(paths.redisPassword, "another");
  await ensureSecrets(settings);
  const { smtpPassword, redisPassword } = paths.serviceFiles("user");
  expect(await readFile(redisPassword, "utf8")).toBe("another");
  await expect(stat(smtpPassword)).rejects.toThrow(/ENOENT/);
});

test("two at once end with the same secrets, and leave no half files", async () => {
  const both = await Promise.all([ensureSecrets(settings), ensureSecrets(settings)]);
  expect(both).toHaveLength(2);
  const { secrets, pgpass } = dataPaths(settings.dataDir);
  const kept = await all(secrets);
  expect(Object.keys(kept)).toHaveLength(5 + logins.length);
  expect(await readFile(pgpass, "utf8")).toContain(`:*:router:${kept["router-password"]}\n`);
});

test("the pgpass file has every login on every server, and follows the settings", async () => {
  await ensureSecrets(settings);
  const { pgpass, loginPassword } = dataPaths(settings.dataDir);
  expect((await stat(pgpass)).mode & 0o777).toBe(0o600);
  expect((await readFile(pgpass, "utf8")).trim().split("\n")).toHaveLength(logins.length);
  await writeFile(loginPassword("provisioner"), "an:operator\\s own");
  await ensureSecrets({ ...settings, tenantsDatabaseUrl: "postgres://admin@10.0.0.7:6000/postgres" });
  const lines = (await readFile(pgpass, "utf8")).trim().split("\n");
  expect(lines).toHaveLength(2 * logins.length + 1);
  expect(lines).toContain("10.0.0.7:6000:*:admin:an\\:operator\\\\s own");
  expect(lines).toContain("10.0.0.7:6000:*:provisioner:an\\:operator\\\\s own");
});
