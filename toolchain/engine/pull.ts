import { NotAvailable } from "../errors.ts";
import type { Step } from "../progress.ts";
import { RegistryOut } from "../sources/reach.ts";
import { splitRef } from "./images.ts";
import { type Engine, EngineError, request } from "./request.ts";
import { messages } from "./stream.ts";

export interface PullTimes {
  /** Milliseconds within which the registry must have said something. */
  answerWithinMs: number;
  /** Milliseconds without any progress after which a pull is given up. */
  stallMs: number;
}

/** Pulls an image; throws {@link NotAvailable} when the registry is silent, stalls, or has no such image. */
export async function pullImage(engine: Engine, ref: string, times: PullTimes, step: Step): Promise<void> {
  const [repo, tag] = splitRef(ref);
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(), times.answerWithinMs);
  let heard = false;
  const layers = new Map<string, { current: number; total: number }>();
  try {
    const query = new URLSearchParams({ fromImage: repo, tag });
    const answer = await request(engine, {
      method: "POST",
      path: `/images/create?${query}`,
      signal: stop.signal,
    });
    for await (const { id, progressDetail } of messages(answer)) {
      heard = true;
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), times.stallMs);
      if (id !== undefined && progressDetail?.current !== undefined && progressDetail.total !== undefined) {
        layers.set(id, { current: progressDetail.current, total: progressDetail.total });
        const all = [...layers.values()];
        const sum = (of: "current" | "total") => all.reduce((total, layer) => total + layer[of], 0);
        step.far(sum("current"), sum("total"), "bytes");
      }
    }
  } catch (error) {
    if (stop.signal.aborted) {
      const after = (heard ? times.stallMs : times.answerWithinMs) / 1000;
      throw new RegistryOut(`the registry of ${ref} said nothing for ${after} s`);
    }
    if (error instanceof EngineError) {
      const missing = error.status === 404 || /manifest unknown|not found/i.test(error.message);
      throw new (missing ? NotAvailable : RegistryOut)(`${ref} cannot be pulled, ${error.message}`);
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
