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
