import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { catchingMailer } from "../../../control-plane/mail/catcher.ts";
import { compose } from "../../../control-plane/user/mail/compose.ts";
import { languages } from "../../../control-plane/user/mail/languages.ts";
import { nameForMail } from "../../../control-plane/user/mail/name-for-mail.ts";

const reader = { name: "Ada", email: "ada@acme.example" };

test.each(languages)("every mail is written in %s, as text and as HTML, and names nobody", (language) => {
  const all = [
    compose("confirmEmail", { ...reader, language }, "a.code<&"),
    compose("resetPassword", { ...reader, language }, "the-code"),
    compose("confirmAddress", { ...reader, language }, "another-code"),
    compose("emailTaken", { ...reader, language }),
    compose("invitation", { ...reader, language }, "the-code", "<Acme> & Söhne"),
    compose("impersonated", { ...reader, language }, "2026-01-31 09:15 UTC"),
    compose("changeEmail", { ...reader, language }, "a-third-code"),
    compose("emailWanted", { ...reader, language }),
    compose("emailChangeAsked", { ...reader, language }),
    compose("passwordChanged", { ...reader, language }),
  ];
  for (const mail of all) {
    expect(mail.subject).toBeTruthy();
    expect(mail.html).toContain(`<html lang="${language}">`);
    expect(mail.text + mail.html).not.toMatch(/undefined|\[object|Ada/);
  }
  expect(new Set(all.map(({ subject }) => subject)).size).toBe(all.length);
  expect(all[5]?.text).toContain("\n\n2026-01-31 09:15 UTC\n\n");
  expect(all[0]?.text).toContain("a.code<&");
  expect(all[0]?.html).toContain("a.code&lt;&amp;");
  expect(all[4]?.text).toContain("“<Acme> & Söhne”");
  expect(all[4]?.html).toContain("“&lt;Acme&gt; &amp; Söhne”");
  const nameless = compose("invitation", { ...reader, language }, "the-code");
  expect(nameless.text + nameless.html).not.toMatch(/undefined|“/);
});

test("a language that is none of ours is English", () => {
  for (const language of [undefined, null, "xx", 1, "constructor"])
    expect(compose("emailTaken", { ...reader, language }).subject).toBe("You have an account already");
});

test.each([
  ["Acme Ltd.", true],
  ["Dr. Müller & Söhne (2)", true],
  ["Ça va, S.A", false],
  ["evil.example", false],
  ["Pay at http:evil", false],
  ["a@evil", false],
  ["WWW evil", false],
  ["evil．example", false],
  ["evil/pay", false],
])("a name that would be a link is not told in a mail: %s", (name, isTold) => {
  expect(nameForMail(name)).toBe(isTold ? name : undefined);
});

test("without a mail server mails go by SMTP to one of our own, and are kept as files that only their owner reads", async () => {
  const folder = join(await mkdtemp(join(tmpdir(), "berth-mail-")), "mail");
  const mailer = await catchingMailer({ folder, from: "berth@localhost" });
  try {
    const code = `${"long".repeat(40)}=`;
    const mail = compose("confirmEmail", { ...reader, language: "de" }, code);
    await mailer.send(mail);
    await mailer.send(mail);
    const names = await readdir(folder);
    expect(names.filter((name) => /^\d{4}-.*\.txt$/.test(name))).toHaveLength(2);
    expect(names.filter((name) => /^\d{4}-.*\.html$/.test(name))).toHaveLength(2);
    expect(names).toHaveLength(4);
    const page = await readFile(join(folder, names.find((name) => name.endsWith(".html")) ?? ""), "utf8");
    expect(page).toContain("<html");
    expect(page).toContain(code);
    const file = join(folder, names.find((name) => name.endsWith(".txt")) ?? "");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const lines = (await readFile(file, "utf8")).split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "From: berth@localhost",
      "To: ada@acme.example",
      "Subject: Bestätigen Sie Ihre E-Mail-Adresse",
    ]);
    expect(lines).toContain(code);
  } finally {
    await mailer.close();
    await rm(join(folder, ".."), { recursive: true });
  }
});
