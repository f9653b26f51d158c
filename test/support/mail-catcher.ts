import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { until } from "../../control-plane/until.ts";

/** A real mail server that keeps what it is given. */
export interface MailCatcher {
  url: string;
  mails: ParsedMail[];
  /** Whether it takes nothing for now. */
  refuse: boolean;
  /** The first mail to an address with this subject that has come since the last look. */
  take(address: string, subject: RegExp): Promise<ParsedMail>;
  close(): Promise<void>;
}

export async function catchMails(): Promise<MailCatcher> {
  const mails: ParsedMail[] = [];
  const catcher = { mails, refuse: false } as MailCatcher;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    onData(stream, _session, done) {
      if (catcher.refuse) {
        stream.resume();
        return stream.once("end", () => done(new Error("not now")));
      }
      return void simpleParser(stream).then((mail) => {
        mails.push(mail);
        done();
      }, done);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  const isTo = (mail: ParsedMail, address: string) =>
    [mail.to ?? []].flat().some(({ value }) => value.some((one) => one.address === address));
  Object.assign(catcher, {
    url: `smtp://127.0.0.1:${port}`,
    async take(address: string, subject: RegExp) {
      const find = () => mails.findIndex((mail) => isTo(mail, address) && subject.test(mail.subject ?? ""));
      await until(() => find() >= 0, { what: `a mail to ${address}`, deadlineMs: 10_000, everyMs: 5 });
      return mails.splice(find(), 1)[0] as ParsedMail;
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  } satisfies Omit<MailCatcher, "mails" | "refuse">);
  return catcher;
}
