import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createLog } from "../../../control-plane/observability/log.ts";
import { masked, shownPath, shownText } from "../../../control-plane/observability/mask.ts";

const word = "Ab3dEf6hIj9kLm2nOp5q";
const jwt = `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.${word}`;

test.each([
  ["an API key", `berth_${word}`, "[redacted]"],
  ["a JSON Web Token", jwt, "[redacted]"],
  ["a header", `Bearer ${word}`, "Bearer [redacted]"],
  ["a header in other letters", `AUTHORIZATION: BASIC ${btoa(word)}`, "AUTHORIZATION: BASIC [redacted]"],
  ["a URL with a password", `postgres://ada:${word}@db:5432/x`, "postgres://ada:[redacted]@db:5432/x"],
  ["a URL with nothing but a password", `redis://:${word}@db`, "redis://:[redacted]@db"],
  ["a challenge", `2fa-${word}`, "[redacted]"],
  ["a private key", `-----BEGIN EC PRIVATE KEY-----\n${word}\n-----END EC PRIVATE KEY-----`, "[redacted]"],
  ["half a private key", `-----BEGIN PRIVATE KEY-----\\n${word}`, "[redacted]"],
  ["a password as PostgreSQL keeps it", `SCRAM-SHA-256$4096:${word}$${word}:${word}=`, "[redacted]"],
  ["a password as Odoo keeps it", `$pbkdf2-sha512$1000$${word}$${word}`, "[redacted]"],
  ["a query", `/x?a=1&token=${word}&b=2`, "/x?a=1&token=[redacted]&b=2"],
  ["a URL whose password has a slash and an @", `db://u:p@${word}/w@h/x`, "db://u:[redacted]@h/x"],
  ["a URL whose password has a backslash", `db://u:p\\${word}@h/x`, "db://u:[redacted]@h/x"],
  ["a token behind another word", `base64-${jwt}`, "base64-[redacted]"],
  ["a shell's variable", `PGPASSWORD='a b ${word}' psql`, "PGPASSWORD='[redacted]' psql"],
  ["a heading", `Password: ${word} x`, "Password: [redacted] x"],
  ["a dictionary", `{'api_key': '${word}', 'a': 1}`, "{'api_key': '[redacted]', 'a': 1}"],
  ["a connection string", `host=db password=${word} port=1`, "host=db password=[redacted] port=1"],
])("%s is masked wherever it stands", (_what, text, instead) => {
  expect(masked(`before "${text}" after`)).toBe(`before "${instead}" after`);
  let line = "";
  const stream = new PassThrough().on("data", (chunk: Buffer) => (line += chunk));
  createLog({ env: "t", logLevel: "info" }, "test", stream).info({ note: [text] }, `in the message: ${text}`);
  expect(JSON.parse(line)).toHaveProperty("note");
  expect(line).not.toContain(word);
  expect(line).not.toContain(btoa(word));
});

test.each([
  ["JSON", { password: `a "quoted" \\ ${word}`, b: 1 }, { password: "[redacted]", b: 1 }],
  ["a list of JSON", [{ "x-api-key": word }, "b"], [{ "x-api-key": "[redacted]" }, "b"]],
  ["what is no text", { token: null, secret: 5, b: word }, { token: null, secret: 5, b: word }],
])("%s inside a text is masked, and is JSON still", (_what, value, instead) => {
  const text = JSON.stringify(value);
  expect(JSON.parse(masked(text))).toEqual(instead);
  const { note, other } = JSON.parse(masked(JSON.stringify({ note: `got ${text}.`, other: "same" })));
  expect({ note, other }).toEqual({ note: `got ${JSON.stringify(instead)}.`, other: "same" });
  const deeper = JSON.parse(masked(JSON.stringify({ note: JSON.stringify({ note: text }), other: "same" })));
  expect(deeper.other).toBe("same");
});

test("a text that ends in the name of a secret leaves what follows it", () => {
  for (const end of ["password=", "password: ", "password=\\", "token='"]) {
    const line = JSON.stringify({ note: end, other: "same" });
    expect(JSON.parse(masked(line))).toHaveProperty("other", "same");
  }
});

test("what begins like a token again and again, and is none, stays as it is", () => {
  const text = `${"eyJ".repeat(70_000)} ${"://u:".repeat(40_000)}`;
  expect(masked(text)).toBe(text);
});

test.each([
  "http://127.0.0.1:8000/tenant/v1/tenants/acme",
  "postgres://provisioner@127.0.0.1:5432/postgres",
  "http://acme.localhost:8080/web/login a@b",
  "container berth-dev-ten_u178rsgs307jzrub-production, database ten_u178rsgs307jzrub_production",
  "a bearer of bad news, basic needs, passwordFile=/run/x is one of ours? tokens",
])("nothing is masked that is none: %s", (text) => {
  expect(masked(text)).toBe(text.replace("passwordFile=/run/x", "passwordFile=/run/x"));
});

test("a path and a sentence are told without what may be a token in the wrong place", () => {
  expect(shownPath(`/tenant/v1/tenants/${word}x/check`)).toBe("/tenant/v1/tenants/[redacted]/check");
  for (const path of [
    "/instance/v1/operations/op_u178rsgs307jzrub/events",
    "/tenant/v1/tenants/a-slug-that-is-as-long-as-it-may-be-and-has-sixty-three-letters",
    "/user/v1/Short",
  ])
    expect(shownPath(path)).toBe(path);
  expect(shownText(`There is no tenant "${word}abcdef".`)).toBe('There is no tenant "[redacted]".');
  const sentence =
    'There is no tenant "acme". Send it as: Authorization: Bearer <key or token>, or Idempotency-Key.';
  expect(shownText(sentence)).toBe(sentence);
});
