import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { packed } from "../../toolchain/engine/packed.ts";
import { openWorkshop } from "./support/workshop.ts";

test("a folder that tar cannot pack is given to nobody", async () => {
  const given: NodeJS.ReadableStream[] = [];
  const { dir } = openWorkshop();
  const packing = packed(join(dir, "nowhere"), [], async (tar) => {
    given.push(tar);
  });
  await expect(packing).rejects.toThrow(/nowhere: Cannot open: No such file or directory/);
  expect(given).toEqual([]);
});

test("modes are those that were asked for, whatever mask the files were made under", async () => {
  const { dir } = openWorkshop();
  mkdirSync(join(dir, "closed"));
  writeFileSync(join(dir, "closed/file"), "text");
  writeFileSync(join(dir, "closed/program"), "text");
  chmodSync(join(dir, "closed/file"), 0o600);
  chmodSync(join(dir, "closed/program"), 0o770);
  chmodSync(join(dir, "closed"), 0o700);
  let listed = "";
  await packed(dir, ["--sort=name", "--mode=a+rX,go-w"], async (tar) => {
    listed = execFileSync("tar", ["-tv"], { input: await buffer(tar), encoding: "utf8" });
  });
  const modes = listed.split("\n").map((line) => [line.split(" ")[0], line.split(" ").at(-1)]);
  expect(modes).toContainEqual(["drwxr-xr-x", "./closed/"]);
  expect(modes).toContainEqual(["-rw-r--r--", "./closed/file"]);
  expect(modes).toContainEqual(["-rwxr-xr-x", "./closed/program"]);
});
