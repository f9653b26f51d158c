import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dataPaths, logins } from "../../control-plane/paths.ts";
import type { Secret } from "./needles.ts";

/** Text that is nowhere by chance, with what is written in more than one way: quotes, a backslash, an umlaut. */
export const freshPassword = () =>
  ['"', "\\", "ö", " &", "+/", "=", ""]
    .map((odd) => `${randomBytes(3).toString("base64url")}${odd}`)
    .join("");

/** Every secret that is known, by name. */
export class Secrets {
  readonly #all = new Map<string, string>();

  /** Notes a secret and gives it back. Of a name that is known already another one gets a number. */
  add<T extends string>(name: string, value: T): T {
    if (value.length < 10) throw new Error(`The secret "${name}" is too short to be looked for.`);
    if ([...this.#all.values()].includes(value)) return value;
    let free = name;
    for (let n = 2; this.#all.has(free); n++) free = `${name} ${n}`;
    this.#all.set(free, value);
    return value;
  }

  /** What a secret is called. */
  nameOf(value: string): string {
    return [...this.#all].find(([, one]) => one === value)?.[0] ?? "";
  }

  get all(): Secret[] {
    return [...this.#all].map(([name, value]) => ({ name, value }));
  }
}

/** Writes known values where the first start would make some up. */
export async function plant(dataDir: string, secrets: Secrets): Promise<void> {
  const paths = dataPaths(dataDir);
  await mkdir(paths.secrets, { recursive: true, mode: 0o700 });
  const text = () => randomBytes(24).toString("base64url");
  const files: Array<[string, string, string]> = [
    ["passphrase of the stacks", paths.passphrase, text()],
    ["key file", paths.key, randomBytes(32).toString("base64")],
    ["password of postgres", paths.postgresPassword, text()],
    ["password of Redis", paths.redisPassword, text()],
    ["password of the tools", paths.toolsPassword, text()],
    ["password of the mail server", paths.smtpPassword, text()],
    ["Supabase's legacy secret (file)", paths.supabaseJwtSecret, `${text()}${text()}`],
    ["password of the staff account", paths.staffPassword, text()],
    ...logins.map((login): [string, string, string] => [
      `password of ${login}`,
      paths.loginPassword(login),
      text(),
    ]),
  ];
  for (const [name, file, value] of files)
    await writeFile(file, secrets.add(name, value), { mode: 0o600, flag: "wx" });
}
