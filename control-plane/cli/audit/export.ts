import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Settings } from "../../settings.ts";
import { openStream } from "../api.ts";
import type { Say } from "../say.ts";

/** Writes the whole audit of an organisation into a file, as JSON lines. A file that is there is kept until all is written. */
export async function exportAudit(
  settings: Settings,
  say: Say,
  { organization, file }: { organization: string; file: string },
): Promise<void> {
  const body = await openStream(
    settings,
    `/tenant/v1/audit/export?organization=${encodeURIComponent(organization)}`,
  );
  const part = `${file}.${randomUUID()}.part`;
  let entries = 0;
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      entries += chunk.filter((byte) => byte === 10).length;
      yield chunk;
    }
  };
  try {
    await pipeline(Readable.fromWeb(body), counted, createWriteStream(part, { mode: 0o600 }));
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw new Error(
      `The export was cut off after ${entries} entries, and nothing was kept of it: ${(error as Error).message}. Try again.`,
      { cause: error },
    );
  }
  say.line(`${entries} entries are in ${file}. Verify it with a head that was kept elsewhere:`);
  say.line(`  bin/berth audit verify ${file} --head HEAD`);
}
