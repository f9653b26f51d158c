import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { configFile, writeConfigFile } from "../../stacks/tenant/config-file.ts";
import { parse } from "../../stacks/tenant/contract.ts";
import { createCrypter } from "../../stacks/tenant/crypter.ts";
import { tenantConfig } from "./tenant-config.ts";

describe("a tenant's config", () => {
  test("is filled up with defaults", () => {
    const { production } = parse(tenantConfig()).instances;
    expect(production?.odoo).toMatchObject({ memoryMb: 1024, cpus: 1, pids: 256, dbMaxconn: 16 });
    expect(production?.owner.lang).toBe("en_US");
    expect(production?.databaseOnly).toBe(false);
  });

  test("is refused by field, without its values", () => {
    const wrong = tenantConfig({
      database: { template: "odoo_19", password: "too-short" },
      hosts: ["No Host"],
    });
    expect(() => parse(wrong)).toThrow(/instances\.production\.hosts\.0: is not a host name/);
    expect(() => parse(wrong)).toThrow(/instances\.production\.database\.password/);
    expect(() => parse(wrong)).not.toThrow(/too-short/);
  });

  test("is written with its secrets as ciphertext, for its owner only", async () => {
    const dir = await mkdtemp(join(tmpdir(), "berth-config-"));
    try {
      const text = configFile({
        config: tenantConfig(),
        salt: "v1:salt",
        encrypt: (plain) => `<${plain.length}>`,
      });
      const path = await writeConfigFile(dir, "ten_aaaaaaaaaaaaaaaa", text);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      const written = await readFile(path, "utf8");
      expect(written).toContain('"encryptionsalt": "v1:salt"');
      expect(written).toContain('"secure": "<16>"');
      expect(written).not.toContain("0123456789abcdef");
      expect(written).not.toContain("pbkdf2");
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe("the crypter", () => {
  test("reads what it wrote, also under a salt that was kept", async () => {
    const first = await createCrypter("a passphrase");
    const sealed = first.encrypt("sécret");
    expect(sealed).not.toContain("sécret");
    expect((await createCrypter("a passphrase", first.salt)).decrypt(sealed)).toBe("sécret");
  });

  test("refuses another passphrase", async () => {
    const { salt } = await createCrypter("a passphrase");
    await expect(createCrypter("another", salt)).rejects.toThrow("does not fit");
  });
});
