import type pg from "pg";
import { to } from "pg-copy-streams";
import { Failure } from "../failure.ts";

/** Bytes of one parameter, and of all: far more than Odoo has. What a tenant puts there must not fill our memory. */
const most = { line: 2 ** 20, all: 32 * 2 ** 20 };

export class TooManyParameters extends Failure {}

/**
 * Some of Odoo's system parameters, read so that nothing of the tenant's runs. The tables are the tenant's: it may put a
 * view in their place, or an index whose function a planner calls, and whoever reads is a superuser. COPY of a
 * table takes the rows as they lie, plans nothing and refuses views. Throws TooManyParameters.
 */
export async function readParameters(
  client: pg.Client,
  wanted: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const take = (line: Buffer) => {
    const [key = "", value = ""] = line.toString("utf8").split("\t").map(unescaped);
    if (wanted.includes(key)) found.set(key, value);
  };
  let rest: Buffer = Buffer.alloc(0);
  let bytes = 0;
  let isTooMuch = false;
  for await (const chunk of client.query(to("COPY public.ir_config_parameter (key, value) TO STDOUT"))) {
    bytes += (chunk as Buffer).length;
    isTooMuch ||= bytes > most.all || rest.length > most.line;
    // Read on, but keep nothing: the connection is of use again only when PostgreSQL has sent all.
    if (isTooMuch) continue;
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      take(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
  }
  if (isTooMuch) throw new TooManyParameters("It holds far more system parameters than an Odoo has.");
  return found;
}

const newline = 0x0a;
const escapes: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** COPY's text format; a NULL is an empty text here. */
function unescaped(text: string): string {
  if (text === "\\N") return "";
  return text.replaceAll(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter);
}
