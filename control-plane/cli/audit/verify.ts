import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { type AuditHead, auditHead } from "../../audit/entry.ts";
import { verifyExport } from "../../audit/verify-export.ts";
import type { Say } from "../say.ts";

/** Flaws that are told one by one. */
const flawsTold = 20;
/** Bytes of one line; an entry has some hundreds. */
const longestLine = 16 << 20;

/**
 * Looks whether an export of the audit is what it was, and says it. Reads nothing but the files.
 * @param options.head files that hold a head each, as GET /tenant/v1/audit/head gave it
 * @returns whether nothing is wrong
 */
export async function verifyAudit(
  say: Say,
  file: string,
  options: { head: string[]; withoutHead?: boolean },
): Promise<boolean> {
  if (options.head.length === 0 && !options.withoutHead)
    throw new Error(
      "Name the head that you kept: --head FILE. Without one an export that was made anew as a whole looks as good as the true one; --without-head looks only whether it hangs together.",
    );
  const heads = await Promise.all(options.head.map(readHead));
  const { flaws, chains } = await verifyExport(linesOf(file), heads);
  for (const { line, message } of flaws.slice(0, flawsTold))
    say.line(line === null ? message : `Line ${line}: ${message}`);
  if (flaws.length > flawsTold) say.line(`And ${flaws.length - flawsTold} more.`);
  if (flaws.length > 0) {
    say.line(`${file} is NOT what it was: ${flaws.length === 1 ? "1 flaw" : `${flaws.length} flaws`}.`);
    return false;
  }
  for (const { service, chain, entries, vouched, hash } of chains) {
    const rest = entries - vouched;
    const later = rest > 0 && heads.length > 0 ? `, and ${rest} later that no head vouches for` : "";
    const how = heads.length > 0 ? `${vouched} entries vouched for${later}` : `${entries} entries`;
    say.line(`${chain}  ${service.padEnd(8)}  ${how}, the last one ${hash}`);
  }
  const later = chains.reduce((sum, { entries, vouched }) => sum + entries - vouched, 0);
  if (heads.length === 0) say.line(`${file} hangs together. Whether it is what it was only a head can say.`);
  else if (later === 0) say.line(`${file} is what it was: nothing was changed, left out or moved.`);
  else
    say.line(
      `${file} is what it was up to its head. ${later} later entries hang together; a newer head would vouch for them.`,
    );
  return true;
}

async function readHead(file: string): Promise<AuditHead> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Error(`The head ${file} cannot be read (${error.code}).`, { cause: error });
  });
  try {
    return auditHead.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${file} holds no head, as GET /tenant/v1/audit/head gives it.`, { cause: error });
  }
}

/** Lines as they are: a carriage return or a broken character is part of them, and changes their hash. */
async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        yield rest.subarray(0, end);
        rest = rest.subarray(end + 1);
      }
      if (rest.length > longestLine) break;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${file} cannot be read (${code}).`, { cause: error });
  }
  if (rest.length > 0) yield rest;
}
