import { randomBytes } from "node:crypto";
import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deriveKeys, keysText } from "../../control-plane/keys.ts";
import { dataPaths } from "../../control-plane/paths.ts";
import { serviceVariables } from "../../control-plane/service-variables.ts";
import { openWorld, type World } from "../e2e/world.ts";
import { table } from "../support/table.ts";
import { berth, must } from "./scene.ts";

let world: World;
let paths: ReturnType<typeof dataPaths>;
beforeAll(async () => {
  world = await openWorld();
  paths = dataPaths(world.settings.dataDir);
  await must(world, "stop");
});
afterAll(() => must(world, "start"));

interface Spoilt {
  name: string;
  /** Undefined: the file is removed. */
  text?: string;
  mode?: number;
  /** What is said, in which FILE stands for the file's path. */
  says: { key: string; passphrase: string };
}

const gone = "The file FILE is gone, and what it has sealed is not.";
const others = "The file FILE may be read or written by others (mode 644). Run chmod 600 FILE";
const spoilt: Spoilt[] = [
  {
    name: "another",
    text: randomBytes(32).toString("base64"),
    says: {
      key: "The key file FILE is not the one that this environment's record was written with.",
      passphrase: "The passphrase in FILE is not the one that the stacks were encrypted with.",
    },
  },
  {
    name: "cut",
    text: randomBytes(20).toString("base64"),
    says: {
      key: "The file FILE does not hold 32 bytes in base64.",
      passphrase: "The passphrase in FILE is not the one that the stacks were encrypted with.",
    },
  },
  {
    name: "empty",
    text: "",
    says: {
      key: "The file FILE does not hold 32 bytes in base64.",
      passphrase: "The file FILE does not hold a passphrase.",
    },
  },
  { name: "missing", says: { key: gone, passphrase: gone } },
  { name: "open to others", mode: 0o644, says: { key: others, passphrase: others } },
];

const headings = ["file", "it is", "bin/berth start says"];
const rows: string[][] = [];
afterAll(() => console.log(table(headings, rows)));

/** Spoils a file for `work`, and puts it back. */
async function spoiling(file: string, { text, mode }: Spoilt, work: () => Promise<void>): Promise<void> {
  const [right, { mode: before }] = [await readFile(file, "utf8"), await stat(file)];
  if (mode) await chmod(file, mode);
  else if (text === undefined) await rm(file);
  else await writeFile(file, text);
  try {
    await work();
    // Nobody has made another one, or put anything right behind the operator's back.
    if (!mode && text === undefined) await expect(stat(file)).rejects.toThrow(/ENOENT/);
    else expect(await readFile(file, "utf8")).toBe(text ?? right);
  } finally {
    await writeFile(file, right);
    await chmod(file, before);
  }
}

for (const which of ["key", "passphrase"] as const) {
  test.each(spoilt)(`a ${which} that is $name keeps everything from starting`, async (case_) => {
    const file = paths[which];
    await spoiling(file, case_, async () => {
      const { code, text } = await berth(world, ["start"]);
      const said = text.split("\n").find((line) => line.startsWith("berth: ")) ?? "";
      rows.push([which, case_.name, said.slice(7)]);
      expect(code).toBe(1);
      expect(said).toContain(case_.says[which].replaceAll("FILE", file));
      expect((await berth(world, ["status"])).text).toContain("is not running");
    });
  });
}

test("services and provisioner that are started with another key end before they serve", async () => {
  const [another] = spoilt as [Spoilt];
  const refused = async (...args: string[]) => {
    const { code, text } = await berth(world, args);
    expect(code).toBe(1);
    expect(text).toContain(
      "does not start: its keys are not made of the key file that its database was written with.",
    );
  };
  await spoiling(paths.key, another, () => refused("serve", "provisioner"));
  // What the services have of it is a copy of their own.
  const { tenant } = deriveKeys(randomBytes(32).toString("base64"));
  const others = { ...another, text: keysText(tenant) };
  await spoiling(paths.serviceFiles("tenant").keys, others, () => refused("serve"));
  await spoiling(paths.passphrase, another, async () => {
    const { code, text } = await berth(world, ["serve", "provisioner"]);
    expect(code).toBe(1);
    expect(text).toContain("The provisioner does not start: the passphrase is not the one");
  });
});

test("a service that runs alone and has another's keys ends before it serves", async () => {
  const keys = deriveKeys(randomBytes(32).toString("base64"));
  for (const name of ["user", "tenant", "instance"] as const) {
    const file = `${paths.serviceFiles(name).keys}.other`;
    await writeFile(file, keysText(keys[name]), { mode: 0o600 });
    const variables = serviceVariables(name, world.settings);
    const alone = {
      ...world,
      env: { ...world.env, ...variables, BERTH_SERVICES: "apart", BERTH_KEYS_FILE: file },
    };
    const { code, text } = await berth(alone, ["serve", name]);
    await rm(file);
    expect(code).toBe(1);
    expect(text).toContain(`The ${name} service does not start: its keys are not made of the key file`);
  }
});
