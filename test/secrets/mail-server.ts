import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { until } from "../../control-plane/until.ts";
import { codeIn } from "../control-plane/people.ts";

/** A mail server that wants TLS, a user and their password, and keeps what it is given. */
export async function passwordMailServer(folder: string, user: string, password: string) {
  const [key, cert] = [join(folder, "mail-key.pem"), join(folder, "mail-cert.pem")];
  const about = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
  await promisify(execFile)("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-keyout", key, "-out", cert, ...about],
  ]);
  const mails: ParsedMail[] = [];
  const server = new SMTPServer({
    secure: true,
    key: await readFile(key),
    cert: await readFile(cert),
    onAuth: (auth, _session, done) =>
      auth.username === user && auth.password === password
        ? done(null, { user })
        : done(new Error("That is not the password.")),
    onData: (stream, _session, done) =>
      void simpleParser(stream).then((mail) => {
        mails.push(mail);
        done();
      }, done),
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  const isTo = (mail: ParsedMail, address: string) =>
    [mail.to ?? []].flat().some(({ value }) => value.some((one) => one.address === address));
  return {
    url: `smtps://${user}@localhost:${port}`,
    /** What makes programs of Node trust it. */
    cert,
    mails,
    /** The code in the first mail to an address whose code was not taken yet. */
    async code(address: string): Promise<string> {
      const find = () => mails.find((mail) => isTo(mail, address) && !taken.has(mail) && codeIn(mail));
      const mail = await until(find, { what: `a mail to ${address}`, deadlineMs: 15_000, everyMs: 20 });
      taken.add(mail);
      return codeIn(mail);
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

const taken = new WeakSet<ParsedMail>();
