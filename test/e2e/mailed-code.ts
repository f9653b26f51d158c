// Prints the code in the newest mail to an address, as a person reads it: node mailed-code.ts FOLDER ADDRESS
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AddressObject, simpleParser } from "mailparser";
import { until } from "../../control-plane/until.ts";
import { codeIn } from "../control-plane/people.ts";

const [folder = "", address = ""] = process.argv.slice(2);
const toOf = (to: AddressObject | AddressObject[] | undefined) => [to ?? []].flat().map(({ text }) => text);

async function newestCode(): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names
    .filter((one) => one.endsWith(".txt"))
    .toSorted()
    .toReversed()) {
    const mail = await simpleParser(await readFile(join(folder, name)));
    if (toOf(mail.to).some((text) => text.includes(address)) && codeIn(mail)) return codeIn(mail);
  }
  return undefined;
}

// A mail goes out beside the answer.
const wait = { what: `a mail with a code to ${address}`, deadlineMs: 10_000, everyMs: 50 };
console.log(await until(newestCode, wait));
