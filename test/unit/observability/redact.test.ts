import { PassThrough } from "node:stream";
import { DrizzleQueryError } from "drizzle-orm";
import { expect, test } from "vitest";
import { createLog } from "../../../control-plane/observability/log.ts";
import { isSecretName } from "../../../control-plane/observability/redact.ts";

const secret = "hush-hush-hush-hush";

/** What the log makes of these fields. */
function logged(
  fields: Record<string, unknown>,
  message = "a line",
): Record<string, unknown> & { text: string } {
  let text = "";
  const stream = new PassThrough().on("data", (chunk: Buffer) => (text += chunk));
  createLog({ env: "t", logLevel: "info" }, "test", stream).info(fields, message);
  expect(text.endsWith("\n")).toBe(true);
  return { ...JSON.parse(text), text };
}

test.each([
  "password",
  "dbPassword",
  "adminPasswordHash",
  "passphrase",
  "PULUMI_CONFIG_PASSPHRASE",
  "Authorization",
  "proxy-authorization",
  "Set-Cookie",
  "cookies",
  "x-api-key",
  "API_KEY",
  "client_secret",
  "accessToken",
  "tokens",
  "private key",
  "backupCodes",
  "credentials",
])("what is called %s is not logged, however deep it is", (name) => {
  expect(isSecretName(name)).toBe(true);
  for (const value of [secret, [secret], { inner: secret }, 123_456_789]) {
    const line = logged({ a: { b: [{ c: { d: { [name]: value } } }] }, [name]: value });
    expect(line[name]).toBe("[redacted]");
    expect(line.text).not.toMatch(/hush|123456789/);
  }
});

test.each(["passwordFile", "tokenCount", "secretary", "code", "key", "cookieless", "path"])(
  "%s is no secret's name",
  (name) => {
    expect(isSecretName(name)).toBe(false);
    expect(logged({ [name]: "plain" })[name]).toBe("plain");
  },
);

test("whether there is a secret may be told, and that there is none", () => {
  expect(logged({ password: true, token: null, secret: undefined })).toMatchObject({
    password: true,
    token: null,
  });
});

test("errors come with their causes, and without the values of a query or what a client hangs on them", () => {
  const query = new DrizzleQueryError("select $1", [secret], new Error("boom"));
  const client = Object.assign(new Error("request failed", { cause: query }), {
    config: { headers: { Authorization: `Bearer ${secret}` }, data: secret },
    code: "E1",
  });
  const both = new AggregateError([client, new Error("another")], "two of them");
  const line = logged({ err: both });
  expect(line.text).not.toContain("hush");
  expect(line.err).toMatchObject({
    type: "AggregateError",
    errors: [
      {
        message: "request failed",
        code: "E1",
        cause: { message: "Failed query: select $1", cause: { message: "boom" } },
      },
      { message: "another" },
    ],
  });
  expect((line.err as { stack: string }).stack).toContain("redact.test.ts");
  expect(logged(new Error("alone") as never).err).toMatchObject({ message: "alone" });
});

test("what leads back to itself, cannot be read, or is no plain object, does not break a line", () => {
  const ring: Record<string, unknown> = { name: "ring", token: secret };
  ring.self = ring;
  ring.list = [ring, { ring }];
  let deep: Record<string, unknown> = { password: secret };
  for (let n = 0; n < 50; n++) deep = { deep };
  const odd = {
    get broken() {
      throw new Error("not now");
    },
  };
  const line = logged({
    ring,
    deep,
    odd,
    bytes: Buffer.from(secret),
    map: new Map([["password", secret]]),
    set: new Set([{ secret }]),
    at: new Date(0),
    url: new URL(`https://ada:${secret}@acme.example/x`),
    headers: new Headers({ authorization: secret }),
    big: 10n,
    json: { toJSON: () => ({ token: secret, kept: 1 }) },
    error: new Error(`Bearer ${secret}`),
  });
  expect(line.text).not.toContain("hush");
  expect(line).toMatchObject({
    ring: { name: "ring", self: "[circular]", list: ["[circular]", { ring: "[circular]" }] },
    odd: { broken: "[unreadable: not now]" },
    bytes: "[19 bytes]",
    map: { password: "[redacted]" },
    at: "1970-01-01T00:00:00.000Z",
    url: "https://ada:[redacted]@acme.example/x",
    big: "10",
    json: { token: "[redacted]", kept: 1 },
  });
  expect(line.text).toContain("[deep]");
});

test("a child's bindings are looked at, too", () => {
  let text = "";
  const stream = new PassThrough().on("data", (chunk: Buffer) => (text += chunk));
  const log = createLog({ env: "t", logLevel: "info" }, "test", stream);
  log.child({ tenant: "ten_1", token: secret, note: `Bearer ${secret}` }).info("x");
  expect(JSON.parse(text)).toMatchObject({ tenant: "ten_1", token: "[redacted]", note: "Bearer [redacted]" });
});
