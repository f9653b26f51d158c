import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dataPaths } from "../../../control-plane/paths.ts";
import { mustHaveKeys } from "../../../control-plane/platform/keys-at-hand.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "berth-keys-"));
  await mkdir(dataPaths(dataDir).secrets, { recursive: true });
});
afterEach(() => rm(dataDir, { recursive: true }));

const put = (text: string) => writeFile(dataPaths(dataDir).passphrase, text, { mode: 0o600 });

test("a passphrase that could be guessed is refused before anything is sealed with it", async () => {
  await put("correct horse 12345\n");
  await expect(mustHaveKeys(dataDir)).rejects.toThrow("is shorter than 20 characters");
});

test("a longer one is taken, and of a new folder none is asked for", async () => {
  await expect(mustHaveKeys(dataDir)).resolves.toBeUndefined();
  await put("correct horse battery\n");
  await expect(mustHaveKeys(dataDir)).resolves.toBeUndefined();
});

test("where something is sealed with a short one already it is taken", async () => {
  await put("short");
  await writeFile(dataPaths(dataDir).platformOutputs, "{}");
  await writeFile(dataPaths(dataDir).key, Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 });
  await expect(mustHaveKeys(dataDir)).resolves.toBeUndefined();
});
