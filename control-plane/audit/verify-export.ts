import { createHash } from "node:crypto";
import { type AuditEntry, type AuditHead, auditEntry } from "./entry.ts";

/** What is wrong with an export. */
interface Flaw {
  /** Line of the file, from 1; null when it is about what the file lacks. */
  line: number | null;
  /** What it is, in a sentence. */
  message: string;
}

/** What was found of one service's chain in the file. */
interface VerifiedChain {
  service: AuditEntry["service"];
  chain: string;
  entries: number;
  /** Entries that a head vouches for; what comes after them hangs together, and that is all that can be said. */
  vouched: number;
  /** Hash of the last one. */
  hash: string;
}

interface Verdict {
  flaws: Flaw[];
  chains: VerifiedChain[];
}

interface Walked extends VerifiedChain {
  /** Hash by position, where a head names one. */
  hashes: Map<number, string>;
}

/** Flaws that are told; of a file that is something else every line is one. */
const flawsAtMost = 1_000;

/**
 * Looks whether an export is what it was: that each chain begins at its first entry, that each line names the hash of the
 * one before it, and that the hashes of the heads are in it. Nothing is asked but the lines and the heads.
 * @param lines the file's lines as they are, without their line feeds
 */
export async function verifyExport(lines: AsyncIterable<Buffer>, heads: AuditHead[]): Promise<Verdict> {
  const flaws: Flaw[] = [];
  const chains = new Map<string, Walked>();
  const wanted = new Set(heads.map(({ chain }) => chain));
  const marks = new Set(
    heads.flatMap(({ heads: ends }) => Object.values(ends).map(({ position }) => position)),
  );
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const entry = parseLine(line);
    const message =
      typeof entry === "string" ? entry : (foreign(entry, wanted) ?? walk(chains, marks, entry, line));
    if (message) flaws.push({ line: number, message });
    if (flaws.length >= flawsAtMost) break;
  }
  if (number === 0) flaws.push({ line: null, message: "The file holds no entries." });
  for (const head of heads) flaws.push(...vouch(chains, head).map((message) => ({ line: null, message })));
  const isVouched = [...chains.values()].some(({ vouched }) => vouched > 0);
  if (heads.length > 0 && flaws.length === 0 && !isVouched)
    flaws.push({ line: null, message: "The head vouches for nothing that is in the file." });
  if (flaws.length > 0) for (const chain of chains.values()) chain.vouched = 0;
  return { flaws, chains: [...chains.values()].map(({ hashes: _, ...chain }) => chain) };
}

const text = new TextDecoder("utf-8", { fatal: true });

function parseLine(line: Buffer): AuditEntry | string {
  let value: unknown;
  try {
    value = JSON.parse(text.decode(line));
  } catch {
    return "It is not JSON: the line is cut, or something was written over it.";
  }
  const parsed = auditEntry.safeParse(value);
  return parsed.success ? parsed.data : "It is not an entry of an audit of Berth.";
}

function foreign({ chain }: AuditEntry, wanted: Set<string>): string | undefined {
  if (wanted.size === 0 || wanted.has(chain)) return undefined;
  return `It is of ${chain}, for which no head was named.`;
}

/** Puts an entry at the end of its chain. Gives what is wrong with it there; the next one is looked at as coming after it. */
function walk(
  chains: Map<string, Walked>,
  marks: Set<number>,
  entry: AuditEntry,
  line: Buffer,
): string | undefined {
  const { service, chain, position, previous } = entry;
  const fresh: Walked = { service, chain, entries: 0, vouched: 0, hash: "", hashes: new Map() };
  const walked = chains.get(`${service} ${chain}`) ?? fresh;
  chains.set(`${service} ${chain}`, walked);
  const expected = walked.entries + 1;
  const before = walked.hash || null;
  walked.entries = position;
  walked.hash = createHash("sha256").update(line).digest("hex");
  if (marks.has(position)) walked.hashes.set(position, walked.hash);
  if (position > expected)
    return `It is entry ${position} of ${named(walked)}, after entry ${expected - 1}: what was between them is missing.`;
  if (position < expected)
    return `It is entry ${position} of ${named(walked)}, after entry ${expected - 1}: entries are in another order, or there twice.`;
  if (previous === before) return undefined;
  if (position === 1) return `It is the first entry of ${named(walked)}, and names one before it.`;
  return `It is entry ${position} of ${named(walked)} and does not fit entry ${position - 1}: one of the two was changed.`;
}

/** Notes how far a head vouches for its chains, and gives what does not fit it. */
function vouch(chains: Map<string, Walked>, { chain, at, heads }: AuditHead): string[] {
  return Object.entries(heads).flatMap(([service, { position, hash }]) => {
    const walked = chains.get(`${service} ${chain}`);
    const found = walked?.hashes.get(position);
    const where = named({ service, chain });
    if (!walked || found === undefined)
      return [
        `The head of ${at} vouches for ${position} entries of ${where}, and the file has ${walked?.entries ?? 0}: it was cut.`,
      ];
    if (found !== hash)
      return [
        `Entry ${position} of ${where} is not the one that the head of ${at} vouches for: it, or one before it, was changed.`,
      ];
    walked.vouched = Math.max(walked.vouched, position);
    return [];
  });
}

function named({ service, chain }: { service: string; chain: string }): string {
  return `the ${service} service's chain of ${chain}`;
}
