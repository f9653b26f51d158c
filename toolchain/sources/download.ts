import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { NotAvailable } from "../errors.ts";
import type { Step } from "../progress.ts";
import type { Reach } from "./reach.ts";
import type { Sources } from "./sources.ts";

export type Patience = Pick<Sources, "answerWithinMs" | "stallMs">;

/**
 * Downloads a file and returns its SHA-256 in hex.
 * Throws {@link NotAvailable} when the server is out of reach, refuses, stalls, or ends too early.
 */
export async function download(
  url: string,
  file: string,
  { reach, patience, step }: { reach: Reach; patience: Patience; step: Step },
): Promise<string> {
  await reach.server(url);
  const response = await ask(url, patience);
  const total = Number(response.headers.get("content-length")) || undefined;
  const hash = createHash("sha256");
  let done = 0;
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), patience.stallMs);
  const watch = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(), patience.stallMs);
      hash.update(chunk);
      done += chunk.length;
      step.far(done, total, "bytes");
      next(null, chunk);
    },
  });
  try {
    const body = Readable.fromWeb(response.body as ReadableStream);
    await pipeline(body, watch, createWriteStream(file), { signal: stalled.signal });
  } catch (error) {
    if (stalled.signal.aborted)
      throw new NotAvailable(`${url} sent nothing for ${patience.stallMs / 1000} s`);
    throw new NotAvailable(`${url} broke off (${reasonOf(error)})`);
  } finally {
    clearTimeout(timer);
  }
  if (total !== undefined && done !== total)
    throw new NotAvailable(`${url} ended after ${done} of ${total} bytes`);
  return hash.digest("hex");
}

/** Downloads a small text. */
export async function downloadText(
  url: string,
  { reach, patience }: { reach: Reach; patience: Patience },
): Promise<string> {
  await reach.server(url);
  const response = await ask(url, patience);
  const late = AbortSignal.timeout(patience.stallMs);
  try {
    return await Promise.race([
      response.text(),
      new Promise<never>((_, reject) => late.addEventListener("abort", () => reject(late.reason))),
    ]);
  } catch (error) {
    throw new NotAvailable(`${url} broke off (${reasonOf(error)})`);
  }
}

async function ask(url: string, { answerWithinMs }: Patience): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), answerWithinMs);
  try {
    const response = await fetch(url, { signal: late.signal });
    if (response.ok && response.body !== null) return response;
    await response.body?.cancel();
    throw new NotAvailable(`${url} answered ${response.status}`);
  } catch (error) {
    if (error instanceof NotAvailable) throw error;
    if (late.signal.aborted)
      throw new NotAvailable(`${url} did not answer within ${answerWithinMs / 1000} s`);
    throw new NotAvailable(`${url} cannot be had (${reasonOf(error)})`);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}
