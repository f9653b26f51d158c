import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createLog } from "../../../control-plane/observability/log.ts";
import { until } from "../../../control-plane/until.ts";
import { compose } from "../../../control-plane/user/mail/compose.ts";
import { createPost } from "../../../control-plane/user/mail/post.ts";

test("a mail is sent without what only we call it", async () => {
  const sent: unknown[] = [];
  const mailer = { send: async (message: object) => void sent.push(message), close: () => undefined };
  const mail = compose("emailTaken", { email: "ada@acme.example" });
  await createPost({ mailer, log: createLog({ env: "t", logLevel: "info" }, "test", new PassThrough()) })(
    mail,
  );
  const { kind: _, ...message } = mail;
  expect(sent).toEqual([message]);
});

test("the log says which kind of mail could not be sent, and neither to whom nor what was in it", async () => {
  let logged = "";
  const stream = new PassThrough().on("data", (chunk: Buffer) => (logged += chunk.toString()));
  const log = createLog({ env: "t", logLevel: "info" }, "test", stream);
  // As nodemailer tells of it.
  const error = new Error("All recipients were rejected: 550 <ada@acme.example>: unknown");
  const mailer = { send: () => Promise.reject(error), close: () => undefined };
  await createPost({ mailer, log })(compose("resetPassword", { email: "ada@acme.example" }, "the-code"));
  await until(async () => logged !== "", { what: "a line in the log", deadlineMs: 5_000, everyMs: 5 });
  expect(JSON.parse(logged)).toMatchObject({
    level: "error",
    kind: "resetPassword",
    msg: "a mail could not be sent",
    err: { message: "All recipients were rejected: 550 <[address]>: unknown" },
  });
  expect(logged).not.toMatch(/ada@|the-code/);
});
