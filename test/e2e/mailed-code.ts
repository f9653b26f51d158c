// Prints the code in the newest mail to an address, as a person reads it: node mailed-code.ts FOLDER ADDRESS
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AddressObject, simpleParser } from "mailparser";
import { codeIn } from "../control-plane/people.ts";

const [folder = "", address = ""] = process.argv.slice(2);
const toOf = (to: AddressObject | AddressObject[] | undefined) => [to ?? []].flat().map(({ text }) => text);

for (const name of (await readdir(folder)).toSorted().toReversed()) {
  const mail = await simpleParser(await readFile(join(folder, name)));
  if (!toOf(mail.to).some((text) => text.includes(address)) || !codeIn(mail)) continue;
  console.log(codeIn(mail));
  process.exit(0);
}
throw new Error(`No mail with a code was sent to ${address}.`);
