import { expect, test } from "vitest";
import { namedCause, outsideCause } from "../../../control-plane/provisioner/sentences.ts";

// What was really printed when something went away, shortened.
const seen: Array<[string, string]> = [
  [
    "creating urn:pulumi:ten_a::berth::berth:components:Database$postgresql:index/role:Role::production-role: could not check if current user is superuser: EOF\n\n",
    "PostgreSQL",
  ],
  [
    'psycopg2.OperationalError: connection to server at "10.111.0.1", port 38029 failed: Connection refused',
    "PostgreSQL",
  ],
  ["pq: the database system is starting up", "PostgreSQL"],
  ["error during connect: Get http://docker/info: EOF", "the Docker engine"],
  ["The Docker engine at unix:///x.sock did not answer: connect ENOENT /x.sock.", "the Docker engine"],
  ["Redis at 127.0.0.1:34843 did not answer: Connection is closed.", "Redis"],
];

test.each(seen)("%s", (text, cause) => {
  expect(outsideCause(text)).toBe(cause);
  expect(namedCause(text)).toBe(cause);
});

test("a lost connection that does not say to what may be one to the internet", () => {
  const text = "requests.exceptions.ConnectionError: [Errno 111] Connection refused";
  expect(outsideCause(text)).toBe("a part of the platform");
  expect(namedCause(text)).toBeUndefined();
});

test("what Pulumi or Odoo refuses is nobody's absence", () => {
  expect(outsideCause("Language xx_XX is not in the template.")).toBeUndefined();
});
