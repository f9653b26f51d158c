import { readFile } from "node:fs/promises";
import { Failure, reason } from "./failure.ts";

interface Login {
  host: string;
  port: string;
  database: string;
  user: string;
}

/** The password for a login from a file in libpq's form; undefined when no line fits. */
export async function passwordFor(file: string | undefined, login: Login): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new Failure(`The password file of PGPASSFILE cannot be read: ${reason(error)}.`);
  });
  const wanted = [login.host, login.port, login.database, login.user];
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    const fields = [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].map((match) => unescaped(match[1] ?? ""));
    if (fields.length >= 5 && wanted.every((value, i) => fields[i] === "*" || fields[i] === value))
      return fields[4];
  }
  return undefined;
}

function unescaped(field: string): string {
  return field.replace(/\\(.)/g, "$1");
}
