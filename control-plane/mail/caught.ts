import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** Where an environment without a mail server keeps what it has caught. */
export type Catcher =
  | { kind: "mailpit"; port: number; user: string; password: string }
  | { kind: "files"; folder: string };

/** The newest caught mail to an address as a person reads it, without its page; undefined when there is none. */
export function newestMail(catcher: Catcher, to: string): Promise<string | undefined> {
  return catcher.kind === "files" ? fromFiles(catcher.folder, to) : fromMailpit(catcher, to);
}

async function fromFiles(folder: string, to: string): Promise<string | undefined> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".txt"));
  for (const name of names.toSorted().toReversed()) {
    const text = await readFile(join(folder, name), "utf8");
    const receivers = /^To: (.*)$/m.exec(text)?.[1] ?? "";
    if (receivers.split(", ").includes(to)) return text;
  }
  return undefined;
}

const person = z.object({ Address: z.string() });
const found = z.object({ messages: z.array(z.object({ ID: z.string() })) });
const message = z.object({ From: person, To: z.array(person), Subject: z.string(), Text: z.string() });

async function fromMailpit(
  { port, user, password }: Extract<Catcher, { kind: "mailpit" }>,
  to: string,
): Promise<string | undefined> {
  const ask = async (path: string): Promise<unknown> => {
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, {
      headers: { authorization },
      signal: AbortSignal.timeout(10_000),
    }).catch((cause) => {
      throw new Error(`Mailpit does not answer on port ${port}. Run: bin/berth doctor`, { cause });
    });
    if (!response.ok)
      throw new Error(`Mailpit answers ${response.status} on port ${port}. Run: bin/berth doctor`);
    return response.json();
  };
  const query = encodeURIComponent(`to:"${to.replaceAll('"', "")}"`);
  // Newest first.
  const [newest] = found.parse(await ask(`search?query=${query}&limit=1`)).messages;
  if (!newest) return undefined;
  const { From, To, Subject, Text } = message.parse(await ask(`message/${newest.ID}`));
  const receivers = To.map(({ Address }) => Address).join(", ");
  return `From: ${From.Address}\nTo: ${receivers}\nSubject: ${Subject}\n\n${Text.replaceAll("\r\n", "\n")}\n`;
}
