import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { passwordFor } from "../../components/provider/pgpass.ts";
import { makeVerifier, verifies } from "../../components/provider/scram.ts";
import { parseSettings } from "../../components/provider/settings.ts";
import { traefikKeys } from "../../components/provider/traefik-keys.ts";
import { hasUnknown, plain, secret } from "../../components/provider/values.ts";

describe("values on the wire", () => {
  test("lose their secret marks at any depth", () => {
    expect(plain({ a: secret("x"), b: [secret({ c: secret(1) })], d: null })).toEqual({
      a: "x",
      b: [{ c: 1 }],
      d: null,
    });
  });

  test("may be unknown in a preview", () => {
    expect(hasUnknown({ a: ["04da6b54-80e4-46f7-96ec-b56ff0331ba9"] })).toBe(true);
    expect(hasUnknown({ a: ["x"] })).toBe(false);
  });
});

describe("a password's verifier", () => {
  test("fits its password only", () => {
    const verifier = makeVerifier("right");
    expect(verifies("right", verifier)).toBe(true);
    expect(verifies("wrong", verifier)).toBe(false);
    expect(verifies("right", "")).toBe(false);
  });

  test("has few rounds only when the password is a long random one", () => {
    const random = randomBytes(24).toString("base64url");
    expect(verifies(random, makeVerifier(random))).toBe(true);
    expect(makeVerifier(random)).toMatch(/^SCRAM-SHA-256\$1000:/);
    expect(makeVerifier("chosen by a person")).toMatch(/^SCRAM-SHA-256\$4096:/);
  });
});

describe("the password file", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "berth-pgpass-"));
    await writeFile(join(dir, "pgpass"), "# logins\nhost:1:*:ann:with\\:colon\n*:*:db:bob:plain\n");
  });
  afterAll(() => rm(dir, { recursive: true }));

  const look = (login: Partial<{ host: string; port: string; database: string; user: string }>) =>
    passwordFor(join(dir, "pgpass"), { host: "host", port: "1", database: "db", user: "ann", ...login });

  test("is read as libpq reads it", async () => {
    expect(await look({})).toBe("with:colon");
    expect(await look({ user: "bob", host: "elsewhere", port: "9" })).toBe("plain");
    expect(await look({ user: "bob", database: "other" })).toBeUndefined();
  });

  test("that is missing is told", async () => {
    await expect(
      passwordFor(join(dir, "none"), { host: "h", port: "1", database: "d", user: "u" }),
    ).rejects.toThrow("PGPASSFILE");
  });
});

describe("the provider's settings", () => {
  const env = {
    BERTH_TENANTS_SERVER_URL: "postgres://provisioner@127.0.0.1:5432/postgres",
    BERTH_ROUTES_DATABASE_URL: "postgres://router@127.0.0.1:5432/instance",
    BERTH_REDIS_URL: "redis://127.0.0.1:6379",
  };

  test("have the local engine as default", () => {
    expect(parseSettings(env).dockerHost).toBe("unix:///var/run/docker.sock");
  });

  test("name what is missing, and refuse a password in a URL", () => {
    expect(() => parseSettings({ ...env, BERTH_REDIS_URL: undefined })).toThrow("BERTH_REDIS_URL");
    expect(() => parseSettings({ ...env, BERTH_REDIS_URL: "redis://:secret@127.0.0.1" })).toThrow(
      "must not hold a password",
    );
  });
});

describe("Traefik's keys", () => {
  test("are the same whatever the order of the hosts", () => {
    const route = {
      tenant: "ten_a",
      instance: "production",
      target: "http://10.0.0.1:8069",
      entryPoint: "web",
    };
    const keys = traefikKeys({ ...route, hosts: ["b.localhost", "a.localhost"] });
    expect(keys).toEqual({
      "traefik/http/routers/ten_a-production/rule": "Host(`a.localhost`) || Host(`b.localhost`)",
      "traefik/http/routers/ten_a-production/service": "ten_a-production",
      "traefik/http/routers/ten_a-production/entryPoints/0": "web",
      "traefik/http/services/ten_a-production/loadBalancer/servers/0/url": "http://10.0.0.1:8069",
    });
    expect(traefikKeys({ ...route, hosts: ["a.localhost", "b.localhost"] })).toEqual(keys);
  });
});
