import { createInterface } from "node:readline";
import { z } from "zod";
import { EngineError } from "./request.ts";

const message = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  stream: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).nullish(),
  aux: z.looseObject({ ID: z.string().optional() }).nullish(),
});
export type EngineMessage = z.infer<typeof message>;

/** Reads an engine's stream of JSON messages; one that reports an error throws {@link EngineError}. */
export async function* messages(stream: NodeJS.ReadableStream): AsyncGenerator<EngineMessage> {
  for await (const line of createInterface({ input: stream })) {
    if (line.trim() === "") continue;
    const parsed = message.parse(JSON.parse(line));
    if (parsed.error !== undefined) throw new EngineError(500, `Docker engine: ${parsed.error}`);
    yield parsed;
  }
}
