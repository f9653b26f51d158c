import { randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { type Mailer, smtpMailer } from "./mailer.ts";

/** Bytes of a mail; ours have a few thousand. */
const mostBytes = 1 << 20;

/**
 * For an environment without a mail server: a server of its own, on a port of 127.0.0.1, that takes every mail and sends none
 * on. What a person would read is kept in a folder, as text and as the page that a mail program shows.
 */
export async function catchingMailer({ folder, from }: { folder: string; from: string }): Promise<Mailer> {
  const server = new SMTPServer({
    authOptional: true,
    size: mostBytes,
    disabledCommands: ["AUTH", "STARTTLS"],
    onData: (stream, _session, done) =>
      void simpleParser(stream)
        .then((mail) => keep(folder, mail))
        .then(() => done(), done),
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  // Of one talk that broke: who sends is told by its own end of it.
  server.on("error", () => undefined);
  const { port } = server.server.address() as AddressInfo;
  const mailer = smtpMailer({ url: `smtp://127.0.0.1:${port}`, password: undefined, from });
  return {
    send: mailer.send,
    async close() {
      await mailer.close();
      server.close(() => undefined);
    },
  };
}

async function keep(folder: string, { from, to, subject, text, html }: ParsedMail): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const receivers = [to ?? []].flat().map((one) => one.text);
  // Names sort by time, and a file appears whole.
  const name = `${new Date().toISOString().replaceAll(":", "")}-${randomUUID().slice(0, 8)}`;
  const head = `From: ${from?.text}\nTo: ${receivers.join(", ")}\nSubject: ${subject}\n`;
  const files = { html: `${html || ""}`, txt: `${head}\n${text}\n` };
  for (const [kind, content] of Object.entries(files)) {
    const file = join(folder, `${name}.${kind}`);
    await writeFile(`${file}.part`, content, { mode: 0o600 });
    await rename(`${file}.part`, file);
  }
}
