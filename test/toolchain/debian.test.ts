import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeRoot } from "../../toolchain/make/debian.ts";
import { findMirror } from "../../toolchain/make/mirror.ts";
import { startFileServer } from "./support/file-server.ts";
import { openWorkshop } from "./support/workshop.ts";

const architecture = process.arch === "x64" ? "amd64" : process.arch;

/** A Debian archive on the loopback that has one package, not the one that is asked for, and no essential ones. */
async function startArchive(): Promise<string> {
  const packages = Buffer.from(
    `Package: base-files\nVersion: 1\nArchitecture: ${architecture}\nFilename: pool/base.deb\nSize: 1\nSHA256: ${"0".repeat(64)}\n`,
  );
  const path = `main/binary-${architecture}/Packages`;
  const digest = createHash("sha256").update(packages).digest("hex");
  const release = Buffer.from(
    `Origin: Debian\nSuite: trixie\nCodename: trixie\nArchitectures: ${architecture}\nComponents: main\n` +
      `Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n ${digest} ${packages.length} ${path}\n`,
  );
  const server = await startFileServer({
    "/debian/dists/trixie/Release": release,
    [`/debian/dists/trixie/${path}`]: packages,
  });
  onTestFinished(() => server.close());
  return `${server.url}/debian`;
}

test("a package that the archive does not have any more fails by its name", async () => {
  const shop = openWorkshop();
  const work = join(shop.dir, "work");
  mkdirSync(work);
  const mirror = {
    url: await startArchive(),
    // The stand-in has no key to sign with.
    options: ['Acquire::AllowInsecureRepositories "true";', 'Acquire::Languages "none";'],
  };
  const making = makeRoot(
    {
      recipe: { suite: "trixie", packages: ["odoo-99"] },
      folder: shop.dir,
      mirror,
      work,
      log: join(shop.dir, "log"),
      step: shop.progress.begin("image"),
    },
    async (tar) => void tar.resume(),
  );
  await expect(making).rejects.toThrow(/Debian's archive has no package odoo-99 .*toolchain\/images\.ts/);
});

test("the archive's address comes from the machine's own apt configuration, and can be set", async () => {
  expect((await findMirror(undefined)).url).toMatch(/^https?:\/\/.*[^/]$/);
  expect((await findMirror("http://127.0.0.1:1/debian")).url).toBe("http://127.0.0.1:1/debian");
});
